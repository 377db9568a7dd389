"""`postroom workspace`: workspaces, their companies, parameters and API keys."""

import click

from postroom.cli.setup import COUNT, django_command, find_workspace, set_given
from postroom.policy.routing import Policy

_DAYS = click.IntRange(1, 3_650)
_HOURS = click.IntRange(1, 24 * 30)


@click.group()
def command() -> None:
    """Create workspaces and what belongs to them."""


@command.command("add")
@click.argument("slug")
@click.option("--company", required=True, help="Name of the first company.")
@django_command
def add(slug: str, company: str) -> None:
    """Create the workspace SLUG; it sends at once as notifications@SLUG.<platform domain>."""
    from postroom.workspaces.create import create_workspace
    from postroom.workspaces.models import Workspace

    if Workspace.objects.filter(slug=slug).exists():
        raise click.ClickException(f"There is a workspace “{slug}” already; choose another name.")
    workspace = create_workspace(slug, company=company)
    click.echo(f"{workspace.slug} sends from {workspace.subdomain}.")


@command.command("set")
@click.argument("slug")
@click.option("--routing-policy", type=click.Choice([policy.value for policy in Policy]), help="See docs/routing.md.")
@click.option(
    "--sign-return-path/--no-sign-return-path", "signs_return_path", default=None,
    help="Give each delivery a return path of its own, bounce+<token>@, by which a bounce finds it.",
)  # fmt: skip
@click.option(
    "--drop-repeats/--keep-repeats", "drops_repeats", default=None,
    help="Whether mail that an application hands in twice by SMTP within 24 h, by its Message-ID, is one message.",
)  # fmt: skip
@click.option(
    "--resend-unknown/--hold-unknown", "resends_unknown", default=None,
    help="What to do with transactional mail that may have arrived.",
)  # fmt: skip
@click.option(
    "--resend-unknown-mass/--hold-unknown-mass", "resends_unknown_mass", default=None, help="Likewise with mass mail."
)
@click.option(
    "--bounce-to-author/--no-bounce-to-author", "bounces_to_author", default=None,
    help="Whether authors of transactional mail are told whom it does not reach.",
)  # fmt: skip
@click.option("--lifetime-hours", type=_HOURS, help="How long transactional mail is tried; 120 at first.")
@click.option("--mass-lifetime-hours", type=_HOURS, help="How long mass mail is tried; 48 at first.")
@click.option(
    "--grace-seconds", type=click.IntRange(0, 86_400), help="Mail waits so long before it leaves; 0 at first."
)  # fmt: skip
@click.option(
    "--default-server-daily-limit",
    type=COUNT,
    help="Messages a day through the default server; none at first.",
)
@click.option("--body-days", type=_DAYS, help="How long the content of finished mail is kept; 30 at first.")
@click.option("--history-days", type=_DAYS, help="How long what became of it is kept; 180 at first.")
@django_command
def set_(slug: str, **fields: str | bool | int | None) -> None:
    """Change the workspace SLUG: what is given, and nothing else."""
    from postroom.outbound.queue import bring_forward

    workspace = find_workspace(slug)
    set_given(workspace, fields)
    workspace.save(update_fields=list(fields))
    if fields.get("default_server_daily_limit") is not None:
        bring_forward(workspace)
    signed = "signed" if workspace.signs_return_path else "not signed"
    click.echo(f"{slug}: routing {workspace.routing_policy}, return paths {signed}.")


@command.command("company")
@click.argument("name")
@click.option("--workspace", required=True)
@django_command
def company(name: str, workspace: str) -> None:
    """Add a company to a workspace."""
    from postroom.domains.alias_domains import create_company

    create_company(find_workspace(workspace), name)
    click.echo(f"{name} belongs to {workspace}.")


@command.command("key")
@click.argument("name")
@click.option("--workspace", required=True)
@django_command
def key(name: str, workspace: str) -> None:
    """Make an API key called NAME; it is shown this once."""
    from postroom.workspaces.keys import create_key

    click.echo(create_key(find_workspace(workspace), name=name))


@command.command("parameter")
@click.argument("name")
@click.argument("value")
@click.option("--workspace", required=True)
@django_command
def parameter(name: str, value: str, workspace: str) -> None:
    """Set a system parameter, such as mail.default.from_filter."""
    from postroom.workspaces.parameters import set_parameter

    set_parameter(find_workspace(workspace), name, value)
    click.echo(f"{name} is {value!r}.")
