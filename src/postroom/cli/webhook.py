"""`postroom webhook`: which programs are told by HTTP what became of mail."""

from typing import TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace, print_lines
from postroom.policy.webhook import Event

if TYPE_CHECKING:
    from postroom.webhooks.models import Webhook

_BY = "command line"


@click.group()
def command() -> None:
    """Add, list, try and remove webhooks; see docs/webhooks.md."""


@command.command("add")
@click.argument("url")
@click.option("--workspace", required=True)
@click.option(
    "--event", "events", multiple=True, type=click.Choice([event.value for event in Event]), help="Without it: all."
)
@django_command
def add(url: str, *, workspace: str, events: tuple[str, ...]) -> None:
    """Tell URL what happens from now on; prints the number of the webhook and its secret, this once."""
    from postroom.webhooks.subscriptions import add_webhook

    webhook = add_webhook(find_workspace(workspace), url, events=map(Event, events or Event), by=_BY)
    click.echo(f"{webhook.pk} {webhook.secret}")


@command.command("list")
@click.option("--workspace", required=True)
@django_command
def list_(workspace: str) -> None:
    """Show webhooks by number, what waits for each, and why."""
    from postroom.webhooks.subscriptions import webhooks_of

    print_lines(map(_readable, webhooks_of(find_workspace(workspace))), otherwise="There are no webhooks.")


@command.command("remove")
@click.argument("number", type=int)
@django_command
def remove(number: int) -> None:
    """Remove webhook NUMBER, with what it has not been told yet."""
    from postroom.webhooks.subscriptions import remove_webhook

    remove_webhook(_find(number), by=_BY)
    click.echo("Removed.")


@command.command("enable")
@click.argument("number", type=int)
@django_command
def enable(number: int) -> None:
    """Resume webhook NUMBER, which failed for so long that it was given up."""
    from postroom.webhooks.subscriptions import enable_webhook

    enable_webhook(_find(number), by=_BY)
    click.echo("Enabled.")


@command.command("test")
@click.argument("number", type=int)
@django_command
def test(number: int) -> None:
    """Post an event of the type webhook.test to webhook NUMBER; exit code 1 unless it takes it."""
    from postroom.webhooks.trial import try_out

    trial = try_out(_find(number))
    click.echo(trial.answer)
    if not trial.delivered:
        raise click.exceptions.Exit(1)


def _find(number: int) -> "Webhook":
    from postroom.webhooks.models import Webhook

    found = Webhook.objects.select_related("workspace").filter(pk=number).first()
    if found is None:
        raise click.ClickException(f"There is no webhook {number}; see `postroom webhook list`.")
    return found


def _readable(webhook: "Webhook") -> str:
    events = "all events" if set(webhook.events) == set(Event) else ", ".join(webhook.events)
    waiting = webhook.waiting  # type: ignore[attr-defined] # annotated by webhooks_of
    state = f"{waiting} waiting" if webhook.is_active else "given up"
    fault = f": {webhook.fault}" if webhook.fault else ""
    return f"{webhook.pk}  {webhook.url}  {events}  ({state}{fault})"
