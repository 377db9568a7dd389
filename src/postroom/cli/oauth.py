"""`postroom oauth`: registrations at Google and Microsoft, and the accounts that servers log in with."""

import secrets
from datetime import UTC, date, datetime
from typing import IO, TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import click

from postroom.cli.server import find_server
from postroom.cli.setup import django_command, find_workspace, print_lines, set_given

if TYPE_CHECKING:
    from postroom.servers.models import OAuthAccount, OAuthApp
    from postroom.servers.oauth.sign_in import Wanted

PROVIDER = click.argument("provider", type=click.Choice(["google", "microsoft"]))


@click.group()
def command() -> None:
    """Let servers log in to Gmail and Outlook with OAuth."""


@command.command("app")
@PROVIDER
@click.option("--workspace", help="Only for this workspace; without it for all that have no registration of their own.")
@click.option("--client-id", help="As the provider's console shows it.")
@click.option("--secret-file", type=click.File(), help="File with the client secret; - reads it from standard input.")
@click.option("--secret-expires", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the secret ends.")
@click.option("--tenant", help="Microsoft: the directory whose accounts may be connected; “common” at first.")
@click.option("--authorization-url", help="Instead of the provider's own, for national clouds; likewise the next two.")
@click.option("--token-url")
@click.option("--revocation-url")
@click.option("--scopes", help="Instead of the usual ones, separated by blanks.")
@django_command
def app(
    provider: str,
    *,
    workspace: str | None,
    secret_file: IO[str] | None,
    secret_expires: datetime | None,
    **fields: str | None,
) -> None:
    """Store Postroom's registration at PROVIDER, or change what is given of it; how to get one: docs/oauth.md."""
    from postroom.servers.models import OAuthApp
    from postroom.servers.oauth.registration import save_app
    from postroom.workspaces.audit import noting

    place = {"workspace": find_workspace(workspace) if workspace else None, "provider": provider}
    row = OAuthApp.objects.filter(**place).first() or OAuthApp(**place)
    set_given(row, fields)
    if secret_file is not None:
        row.client_secret, row.secret_expires_on = secret_file.read(), None
    if secret_expires is not None:
        row.secret_expires_on = secret_expires.date()
    with noting(row, workspace=row.workspace, by="command line"):
        save_app(row)
    click.echo(f"{_readable_app(row)}\nRedirect address to register there: {_confirm_url(provider)}")


@command.command("app-remove")
@PROVIDER
@click.option("--workspace", help="That of this workspace; without it the installation's.")
@django_command
def app_remove(provider: str, workspace: str | None) -> None:
    """Forget Postroom's registration at PROVIDER; refused while accounts are connected by it."""
    from django.db import transaction

    from postroom.servers.oauth.registration import own_app, remove_app
    from postroom.workspaces.audit import record_removal

    row = own_app(find_workspace(workspace) if workspace else None, provider)
    if not row.pk:
        raise click.ClickException(f"There is no registration at {row.get_provider_display()} to remove.")
    with transaction.atomic():
        record_removal(row, workspace=row.workspace, by="command line")
        remove_app(row)
    click.echo(f"Postroom is no longer registered at {row.get_provider_display()}.")


@command.command("connect")
@click.argument("server")
@click.option("--workspace", required=True)
@django_command
def connect(server: str, workspace: str) -> None:
    """Connect the account of the outgoing server SERVER: sign in with a browser, on whichever machine."""
    from postroom.servers.oauth.sign_in import wanted_by

    row = find_server(server, workspace)
    account = sign_in_elsewhere(wanted_by(row))
    click.echo(f"{account.address} is connected; “{row.name}” sends as it.")


def sign_in_elsewhere(wanted: "Wanted") -> "OAuthAccount":
    """Connect an account with a browser on whichever machine; ClickException when the provider refuses."""
    from postroom.servers.oauth.sign_in import Starter, begin, finish, take

    secret = secrets.token_urlsafe()
    address = begin(wanted, Starter(secret))
    click.echo(f"Open this address in a browser and sign in as {wanted.address}:\n\n{address}\n")
    click.echo("The browser ends at a page of Postroom, which may fail to load. Its address is what is needed.")
    answer = dict(parse_qsl(urlsplit(click.prompt("Paste it here")).query))
    sign_in = take(answer.get("state", ""), secret=secret)
    if "code" not in answer:
        raise click.ClickException(f"The provider did not let Postroom in ({answer.get('error', 'no code')}).")
    return finish(sign_in, answer["code"])


@command.command("disconnect")
@click.argument("address")
@click.option("--workspace", required=True)
@django_command
def disconnect(address: str, workspace: str) -> None:
    """Forget the tokens of the account ADDRESS, here and at the provider; its mail waits."""
    from postroom.servers.oauth.tokens import disconnect

    accounts = list(find_workspace(workspace).oauth_accounts.filter(address__iexact=address))
    if not accounts:
        raise click.ClickException(f"There is no account “{address}” in {workspace}; see `postroom oauth list`.")
    for account in accounts:
        disconnect(account)
    click.echo(f"{address} is disconnected.")


@command.command("list")
@click.option("--workspace", help="Only what this workspace uses.")
@django_command
def list_(workspace: str | None) -> None:
    """Show registrations with the end of their secrets, and accounts with their state."""
    from django.db.models import Q

    from postroom.servers.models import OAuthAccount, OAuthApp

    apps, accounts = OAuthApp.objects.all(), OAuthAccount.objects.all()
    if workspace:
        owner = find_workspace(workspace)
        apps, accounts = apps.filter(Q(workspace=owner) | Q(workspace=None)), accounts.filter(workspace=owner)
    registrations = map(_readable_app, apps.select_related("workspace").order_by("provider", "workspace__slug"))
    connected = map(_readable_account, accounts.select_related("workspace").order_by("workspace__slug", "address"))
    print_lines([*registrations, *connected], otherwise="Postroom is registered nowhere yet; see `postroom oauth app`.")


def _readable_app(row: "OAuthApp") -> str:
    place = row.workspace.slug if row.workspace else "installation"
    end = _end(row.secret_expires_on) if row.secret_expires_on else "secret without an end"
    return f"{place}  {row.get_provider_display()}  {row.client_id}  {end}"


def _end(day: date) -> str:
    return f"secret ends {day} (in {(day - datetime.now(UTC).date()).days} days)"


def _readable_account(account: "OAuthAccount") -> str:
    servers = ", ".join(server.name for server in account.servers.order_by("name")) or "no server"
    error = f"  {account.last_error}" if account.last_error else ""
    return f"{account.workspace.slug}  {account.address}  {account.get_state_display()}  {servers}{error}"


def _confirm_url(provider: str) -> str:
    from django.conf import settings

    from postroom.servers.oauth.providers import confirm_path

    return str(settings.POSTROOM.public_url) + confirm_path(provider)
