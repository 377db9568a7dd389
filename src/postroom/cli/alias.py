"""`postroom alias`: addresses that take mail in, where mail to an address belongs, and what became of old addresses."""

import json
from typing import TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace

if TYPE_CHECKING:
    from postroom.domains.models import Alias

_POLICIES = ("everyone", "known", "followers")
_workspace = click.option("--workspace", required=True)


@click.group()
def command() -> None:
    """Set up aliases, and see where mail to an address belongs."""


@command.command("add")
@click.argument("local_part")
@_workspace
@click.option("--domain", "domains", multiple=True, help="Alias domain; the first given is that of its address.")
@click.option("--type", "record_type", help="Type of the records that new mail creates, such as crm.lead.")
@click.option("--record", "forced_record", type=int, help="Id of the record that all its mail goes to.")
@click.option("--defaults", help="Values of the records it creates, as a JSON object.")
@click.option("--policy", type=click.Choice(_POLICIES), help="Who may write to it; “everyone” at first.")
@click.option("--refusal", help="Told to whom the policy refuses.")
@click.option("--match-local-part/--no-match-local-part", "matches_local_part", default=None,
              help="Take in mail for this local part at other domains as well.")  # fmt: skip
@django_command
def add(local_part: str, *, workspace: str, domains: tuple[str, ...], defaults: str | None, **fields: object) -> None:
    """Create the alias LOCAL_PART (at its first --domain), or change what is given of it."""
    from postroom.domains.aliases import put_alias

    changes = {name: value for name, value in fields.items() if value is not None}
    if defaults is not None:
        changes["defaults"] = _read_object(defaults)
    _show(put_alias(find_workspace(workspace), local_part, domains=domains, changes=changes))


@command.command("remove")
@click.argument("address")
@_workspace
@django_command
def remove(address: str, workspace: str) -> None:
    """Take the alias with ADDRESS out of use; mail that still comes to it is routed as before."""
    from postroom.domains.aliases import find_alias, remove_alias

    remove_alias(find_alias(find_workspace(workspace), address))
    click.echo(f"{address} is retired: what still comes is routed as before, and counted.")


@command.command("impact")
@click.argument("address")
@_workspace
@django_command
def impact(address: str, workspace: str) -> None:
    """Say who still uses the alias with ADDRESS, before it is moved or removed."""
    from postroom.domains.aliases import find_alias
    from postroom.inbound.impact import impact_of

    for affected in impact_of(find_alias(find_workspace(workspace), address), None):
        click.echo(affected)


@command.command("list")
@_workspace
@django_command
def list_(workspace: str) -> None:
    """Show the workspace's aliases."""
    for alias in find_workspace(workspace).aliases.filter(removed_at=None).order_by("local_part", "id"):
        _show(alias)


@command.command("retired")
@_workspace
@django_command
def retired(workspace: str) -> None:
    """Show addresses that are no longer in use and still routed, and how much mail comes to them."""
    for row in find_workspace(workspace).retired_addresses.order_by("address"):
        last = f", the last on {row.last_hit_at:%Y-%m-%d}" if row.last_hit_at else ""
        click.echo(f"{row.address}  {row.get_use_display()}, {row.hits} mails since {row.retired_at:%Y-%m-%d}{last}")


@command.command("resolve")
@click.argument("address")
@django_command
def resolve(address: str) -> None:
    """Say where mail to ADDRESS belongs."""
    from postroom.domains import addresses

    found = addresses.resolve(address)
    whose = f" of {found.workspace.slug}" if found.workspace else ""
    what = f" “{found.alias}”" if found.alias else ""
    since = f", retired since {found.retired.retired_at:%Y-%m-%d}" if found.retired else ""
    click.echo(f"{found.kind}{what}{whose}{since}")


def _read_object(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--defaults") from None


def _show(alias: "Alias") -> None:
    creates = f"creates {alias.record_type}" if alias.record_type else "takes answers only"
    goes_to = f"record {alias.forced_record}" if alias.forced_record else creates
    click.echo(f"{alias.address}  {goes_to}, {alias.get_policy_display()}, {alias.get_status_display()}")
