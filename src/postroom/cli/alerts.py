"""`postroom alerts`: what has gone wrong that a person should mend."""

from typing import TYPE_CHECKING

import click

from postroom.cli.setup import django_command, find_workspace, print_lines

if TYPE_CHECKING:
    from postroom.workspaces.models import Alert


@click.command()
@click.option("--workspace", help="Only this workspace's, and those that concern the whole installation.")
@click.option("--resolved", is_flag=True, help="Those that are over, too.")
@django_command
def command(workspace: str | None, *, resolved: bool) -> None:
    """List open alerts, the newest first: one for each cause, however much mail it concerns."""
    from postroom.workspaces.access import alerts_of
    from postroom.workspaces.models import Alert

    alerts = alerts_of(find_workspace(workspace)) if workspace else Alert.objects.all()
    if not resolved:
        alerts = alerts.filter(resolved_at=None)
    found = alerts.select_related("workspace").order_by("-last_seen_at", "-id")
    print_lines(map(_readable, found), otherwise="There are no alerts." if resolved else "There are no open alerts.")


def _readable(alert: "Alert") -> str:
    place = alert.workspace.slug if alert.workspace else "installation"
    end = f", resolved {alert.resolved_at:%Y-%m-%d %H:%M}" if alert.resolved_at else ""
    seen = f"seen {alert.count} × since {alert.first_seen_at:%Y-%m-%d %H:%M} UTC{end}"
    return f"{place} {alert.kind}: {alert.what_happened}\n  {alert.what_to_do} ({seen})"
