"""`postroom suppression`: the addresses that a workspace sends nothing."""

from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace, print_lines, read_text
from postroom.policy.suppression import Scope

if TYPE_CHECKING:
    from postroom.outbound.models import Suppression

_SOURCES = ("person", "faults", "complaint", "unsubscribed")
LONGEST_DAYS = 36_500  # a century: more is "until released"
_workspace = click.option("--workspace", required=True)
_scope = click.option("--scope", type=click.Choice([scope.value for scope in Scope]))
_source = click.option("--source", type=click.Choice(_SOURCES), help="Only what came onto the list in this way.")


@click.group()
def command() -> None:
    """List, add and release addresses that get no mail, or no mass mail."""


@command.command("add")
@click.argument("addresses", nargs=-1, required=True)
@_workspace
@click.option("--scope", type=click.Choice([scope.value for scope in Scope]), default="all", show_default=True)
@click.option("--reason", default="Suppressed by a person.", show_default=True, help="A sentence for people.")
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), help="How long; without it until it is released.")
@django_command
def add(addresses: tuple[str, ...], *, workspace: str, scope: str, reason: str, days: int | None) -> None:
    """Send nothing to ADDRESSES from now on; what waits for them is withdrawn when its turn comes."""
    from postroom.outbound.suppressions import Entry, suppress

    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    entries = [Entry(address=a, reason=reason, scope=Scope(scope), expires_at=expires_at) for a in addresses]
    _report("Suppressed", suppress(find_workspace(workspace), entries))


@command.command("release")
@click.argument("addresses", nargs=-1)
@_workspace
@_scope
@_source
@click.option("--all", "everything", is_flag=True, help="Needed where nothing else narrows.")
@django_command
def release(
    addresses: tuple[str, ...], *, workspace: str, scope: str | None, source: str | None, everything: bool
) -> None:
    """Send to ADDRESSES (@example.com: all of a domain) again, and forget the faults that led here."""
    from postroom.outbound import suppressions

    if not (addresses or scope or source or everything):
        raise click.UsageError("Name addresses, or say --scope, --source or --all.")
    owner = find_workspace(workspace)
    found = suppressions.find(owner, addresses=addresses, scope=scope, source=source)
    _report("Released", suppressions.release(found, owner))


@command.command("list")
@click.argument("addresses", nargs=-1)
@_workspace
@_scope
@_source
@django_command
def list_(addresses: tuple[str, ...], *, workspace: str, scope: str | None, source: str | None) -> None:
    """Show the list, or ADDRESSES (@example.com: all of a domain) of it, and why each is on it."""
    from postroom.outbound.suppressions import find

    found = find(find_workspace(workspace), addresses=addresses, scope=scope, source=source)
    otherwise = "None of these is on the list." if addresses or scope or source else "No address is suppressed."
    print_lines(map(_readable, found.order_by("address").iterator()), otherwise=otherwise)


@command.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@_workspace
@django_command
def import_(file: IO[str], *, workspace: str) -> None:
    """Read a CSV table with a column address or email; - reads standard input."""
    from postroom.outbound.suppression_csv import read_table
    from postroom.outbound.suppressions import suppress

    _report("Suppressed", suppress(find_workspace(workspace), read_table(read_text(file))))


@command.command("export")
@_workspace
@django_command
def export(workspace: str) -> None:
    """Print the list as a CSV table, which `import` reads."""
    from postroom.outbound.suppression_csv import write_table
    from postroom.outbound.suppressions import find

    for line in write_table(find(find_workspace(workspace)).order_by("address").iterator()):
        click.echo(line, nl=False)


def _readable(row: "Suppression") -> str:
    end = f"until {row.expires_at:%Y-%m-%d}" if row.expires_at else "until released"
    return f"{row.address}  {row.scope}, {end}, since {row.created_at:%Y-%m-%d}: {row.reason}"


def _report(done: str, count: int) -> None:
    click.echo(f"{done}: {count} {'address' if count == 1 else 'addresses'}.")
