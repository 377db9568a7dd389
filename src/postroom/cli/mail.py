"""`postroom mail`: steering mail that is on its way."""

from datetime import UTC, datetime

import click

from postroom.cli.server import find_server
from postroom.cli.setup import django_command, find_workspace


def _said(_context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Refuses what a script's empty variable leaves behind: it would narrow nothing, and so mean all mail."""
    if value is not None and not value.strip("@ "):
        raise click.BadParameter("it is empty; leave the option out to mean all.", param=option)
    return value


@click.command()
@click.argument("action", type=click.Choice(["retry", "hold", "release", "cancel", "restore"]))
@click.option("--workspace", required=True)
@click.option("--message", "messages", type=click.UUID, multiple=True, help="Only this message; may be given again.")
@click.option("--status", "statuses", multiple=True, help="Only deliveries in this state; may be given again.")
@click.option("--server", help='Only through this outgoing server; "" is the default server.')
@click.option("--stream", type=click.Choice(["transactional", "mass"]))
@click.option("--recipient", callback=_said, help="Only to this address, or to all of a domain: @example.com.")
@click.option("--tag", callback=_said, help="Only messages with this tag.")
@click.option("--before", type=click.DateTime(), help="Only what was submitted before (UTC).")
@django_command
def command(
    action: str,
    *,
    workspace: str,
    server: str | None,
    statuses: tuple[str, ...],
    before: datetime | None,
    **narrowing: object,
) -> None:
    """Retry, hold, release, cancel or restore mail: one message, or all that fits.

    retry tries at once what is deferred, failed or unknown; hold stops what waits; release lets held mail go on;
    cancel takes back what has not left, restore lets that go on after all.
    """
    from postroom.outbound.steer import Action, Choice, steer
    from postroom.policy.status import Status

    unknown = [name for name in statuses if name not in list(Status)]
    if unknown:
        raise click.UsageError(f"There is no state {unknown[0]!r}; the states are {', '.join(Status)}.")
    if server:
        find_server(server, workspace)
    choice = Choice(
        server=server,
        statuses=frozenset(map(Status, statuses)),
        submitted_before=before.replace(tzinfo=UTC) if before else None,
        **narrowing,  # type: ignore[arg-type] # click has checked the options
    )
    changed = steer(find_workspace(workspace), Action(action), choice)
    click.echo(f"{action}: {changed} {'delivery' if changed == 1 else 'deliveries'}.")
