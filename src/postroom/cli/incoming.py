"""`postroom incoming`: servers from which mail is fetched."""

from typing import IO, TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace, print_lines, set_secrets

if TYPE_CHECKING:
    from postroom.inbound.models import IncomingServer

_workspace = click.option("--workspace", required=True)


@click.group()
def command() -> None:
    """Set up servers from which mail is fetched by IMAP and POP3."""


@command.command("add")
@click.argument("name")
@_workspace
@click.option("--protocol", type=click.Choice(["imap", "pop3"]), help="“imap” at first.")
@click.option("--host", help="The server, as the provider gives it.")
@click.option("--port", type=int, help="That of the protocol and the encryption at first.")
@click.option("--encryption", type=click.Choice(["none", "starttls", "tls"]), help="“tls” at first.")
@click.option("--verify/--no-verify", "verifies_certificate", default=None, help="Ask the server to prove its name.")
@click.option("--ca-file", type=click.File(), help="PEM of the authority that signed the server's certificate.")
@click.option("--username")
@click.option("--password-file", type=click.File(), help="File with the password; - reads it from standard input.")
@click.option("--authentication", type=click.Choice(["login", "gmail", "outlook"]), help="“login” at first.")
@click.option("--account", help="The connected account to log in as, where it is not the username; see `oauth`.")
@click.option("--folder", help="Of IMAP; INBOX at first.")
@click.option("--afterwards", type=click.Choice(["seen", "delete", "keep"]),
              help="What is done there with mail that is stored here; “seen” at first, “keep” with POP3.")  # fmt: skip
@click.option("--record-type", help="Type of the records that mail creates which belongs nowhere else.")
@click.option("--poll-seconds", type=int, help="Between two visits; 300 at first.")
@click.option("--active/--inactive", "is_active", default=None, help="Whether it is visited.")
@django_command
def add(
    name: str,
    *,
    workspace: str,
    ca_file: IO[str] | None,
    password_file: IO[str] | None,
    account: str | None,
    **fields: str | int | None,
) -> None:
    """Create the incoming server NAME, or change what is given of it."""
    from postroom.inbound.mailboxes.save import give_account, save_incoming_server, set_fields
    from postroom.inbound.models import IncomingServer

    owner = find_workspace(workspace)
    server = owner.incoming_servers.filter(name__iexact=name).first() or IncomingServer(workspace=owner, name=name)
    set_fields(server, fields)
    set_secrets(server, ca_file=ca_file, password_file=password_file)
    if account is not None:
        give_account(server, account)
    save_incoming_server(server)
    click.echo(_readable(server))


@command.command("connect")
@click.argument("name")
@_workspace
@django_command
def connect(name: str, workspace: str) -> None:
    """Connect the account that the server NAME logs in with: sign in with a browser, on whichever machine."""
    from postroom.cli.oauth import sign_in_elsewhere
    from postroom.inbound.mailboxes.accounts import wanted_by

    server = _find(name, workspace)
    account = sign_in_elsewhere(wanted_by(server))
    click.echo(f"{account.address} is connected; “{server.name}” fetches its mail.")


@command.command("list")
@_workspace
@django_command
def list_(workspace: str) -> None:
    """Show the incoming servers and how they fare."""
    servers = find_workspace(workspace).incoming_servers.select_related("oauth_account")
    print_lines(map(_readable, servers), otherwise="There are no incoming servers.")


@command.command("test")
@click.argument("name")
@_workspace
@django_command
def test(name: str, workspace: str) -> None:
    """Try the server NAME step by step, and change nothing there; the exit code is 1 when a step failed."""
    from postroom.inbound.mailboxes.trial import try_server

    findings = try_server(_find(name, workspace))
    for finding in findings:
        click.echo(f"{finding.step:<9}{'ok' if finding.is_ok else 'FAILED':<9}{finding.words}".rstrip())
    if not findings[-1].is_ok:
        click.echo(f"→ {findings[-1].hint}")
        raise SystemExit(1)


@command.command("fetch")
@click.argument("name")
@_workspace
@click.option("--again", is_flag=True, help="Try mails again that were given up.")
@django_command
def fetch(name: str, *, workspace: str, again: bool) -> None:
    """Fetch what waits on the server NAME now; workers do so by themselves."""
    from postroom.inbound.mailboxes.collect import try_again
    from postroom.inbound.mailboxes.visit import fetch_once

    server = _find(name, workspace)
    if again:
        try_again(server)
    click.echo(f"{fetch_once(server)} fetched.")


@command.command("remove")
@click.argument("name")
@_workspace
@django_command
def remove(name: str, workspace: str) -> None:
    """Never visit the server NAME again; what was fetched stays."""
    from postroom.inbound.mailboxes.save import remove_incoming_server

    remove_incoming_server(_find(name, workspace))
    click.echo(f"{name} is removed.")


def _find(name: str, workspace: str) -> "IncomingServer":
    from postroom.inbound.models import IncomingServer

    rows = IncomingServer.objects.select_related("workspace", "oauth_account__app")
    server = rows.filter(workspace=find_workspace(workspace), name__iexact=name).first()
    if server is None:
        raise click.ClickException(
            f"There is no incoming server “{name}” in {workspace}; see `postroom incoming list`."
        )
    return server


def _readable(server: "IncomingServer") -> str:
    state = server.last_error or ("waits" if server.is_active else "inactive")
    if server.account_state not in (None, "connected"):
        state = "its account is not connected"
    if not server.last_error and server.fetched_at:
        state = f"all well at {server.fetched_at:%Y-%m-%d %H:%M} UTC"
    way = f"{server.protocol} {server.username} at {server.host}:{server.port}"
    return f"{server.name}  {way}, {server.folder}, {server.get_afterwards_display().lower()}  ({state})"
