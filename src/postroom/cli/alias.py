"""`postroom alias`: addresses that take mail in, where mail to an address belongs, and what became of old addresses."""

import json
import time
from typing import TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace, print_lines

if TYPE_CHECKING:
    from postroom.domains.models import Alias, RetiredAddress

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
    click.echo(_readable(put_alias(find_workspace(workspace), local_part, domains=domains, changes=changes)))


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
    found = find_workspace(workspace).aliases.filter(removed_at=None).order_by("local_part", "id")
    print_lines(map(_readable, found), otherwise="There are no aliases.")


@command.command("retired")
@_workspace
@django_command
def retired(workspace: str) -> None:
    """Show addresses that are no longer in use and still routed, and how much mail comes to them."""
    found = find_workspace(workspace).retired_addresses.order_by("address")
    print_lines(map(_readable_retired, found), otherwise="There are no retired addresses.")


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


@command.command("probe")
@click.argument("addresses", nargs=-1)
@_workspace
@click.option("--wait", "wait_seconds", type=int, default=0, help="How many seconds to wait for what comes back.")
@django_command
def probe(addresses: tuple[str, ...], *, workspace: str, wait_seconds: int) -> None:
    """Send a mail to ADDRESSES through the outside, to see whether it comes back; without any, to all there are.

    With --wait the exit code is 1 when one has not come back by then. `postroom alias proven` shows what became of it.
    """
    from postroom.inbound.probes import needs, send_probe

    owner = find_workspace(workspace)
    sent = [send_probe(owner, address) for address in addresses or [need.address for need in needs(owner)]]
    for one in sent:
        click.echo(f"{one.address}  on its way")
    if wait_seconds and not _have_come_back([one.pk for one in sent], wait_seconds):
        raise SystemExit(1)


@command.command("proven")
@_workspace
@django_command
def proven(workspace: str) -> None:
    """Show every address that needs a mailbox or a redirection, and which are proven to work."""
    from postroom.inbound.probes import needs

    for need in needs(find_workspace(workspace)):
        set_up = "needs a mailbox or redirection" if need.needs_set_up else "at the sub-domain"
        way = f" by {need.source}" if need.source else ""
        at = f" {need.at:%Y-%m-%d %H:%M} UTC" if need.at else ""
        click.echo(
            f"{need.address}  {need.use}, {set_up}: {need.proof.replace('_', ' ')}{way}{at}  {need.fault}".rstrip()
        )


def _have_come_back(probes: list[int], seconds: int) -> bool:
    from postroom.inbound.models import AddressProbe

    deadline = time.monotonic() + seconds
    waiting = AddressProbe.objects.filter(pk__in=probes, arrived_at=None)
    while waiting.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    for one in AddressProbe.objects.filter(pk__in=probes):
        click.echo(f"{one.address}  {'came back by ' + one.source if one.arrived_at else 'has not come back'}")
    return not waiting.exists()


def _read_object(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--defaults") from None


def _readable(alias: "Alias") -> str:
    creates = f"creates {alias.record_type}" if alias.record_type else "takes answers only"
    goes_to = f"record {alias.forced_record}" if alias.forced_record else creates
    return f"{alias.address}  {goes_to}, {alias.get_policy_display()}, {alias.get_status_display()}"


def _readable_retired(row: "RetiredAddress") -> str:
    last = f", the last on {row.last_hit_at:%Y-%m-%d}" if row.last_hit_at else ""
    return f"{row.address}  {row.get_use_display()}, {row.hits} mails since {row.retired_at:%Y-%m-%d}{last}"
