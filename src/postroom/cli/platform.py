"""`postroom platform`: what the administrators of a hosted platform do, and who they are."""

from typing import TYPE_CHECKING

import click

from postroom.cli.setup import COUNT, django_command, find_workspace
from postroom.policy.quota import Feature

if TYPE_CHECKING:
    from postroom.workspaces.models import Plan

BY = "command line"


@click.group()
def command() -> None:
    """Look after the workspaces of a hosted platform."""


@command.command("administrator")
@click.argument("email")
@click.option("--no-more", is_flag=True, help="EMAIL is none any longer.")
@django_command
def administrator(email: str, *, no_more: bool) -> None:
    """Let EMAIL see all workspaces' use, change limits and suspend; the person must be known already."""
    from postroom.workspaces.audit import noting
    from postroom.workspaces.models import User

    person = User.objects.filter(email=email.lower()).first()
    if person is None:
        raise click.ClickException(f"Nobody signs in as “{email}”; `postroom user add` lets somebody in.")
    person.is_platform_administrator = not no_more
    with noting(person, workspace=None, by=BY):
        person.save(update_fields=["is_platform_administrator"])
    click.echo(f"{email.lower()} is {'no longer ' if no_more else ''}an administrator of the platform.")


@command.command("use")
@click.option("--name", "text", default="", help="Only workspaces with this in their name.")
@django_command
def use(text: str) -> None:
    """Show today's use of the platform's server and the limit of every workspace, the busiest first."""
    from django.utils import timezone

    from postroom.outbound import platform

    for found in platform.uses(now=timezone.now(), text=text):
        row = found.workspace
        limit = "no limit" if row.default_server_daily_limit is None else f"of {row.default_server_daily_limit}"
        plan = row.plan.name if row.plan else "no plan"
        suspended = f"  suspended: {row.suspension}" if row.suspended_at else ""
        click.echo(f"{row.slug:<40} {found.used:>7} {limit:<12} {found.waiting:>7} waiting  {plan}{suspended}")


@command.command("allow")
@click.argument("slug")
@click.option("--plan", help="Name of the plan; “none” for none.")
@click.option("--feature", "features", multiple=True, type=click.Choice([feature.value for feature in Feature]))
@click.option("--without", multiple=True, type=click.Choice([feature.value for feature in Feature]))
@click.option("--daily-limit", type=COUNT, help="Instead of what follows from the plan.")
@django_command
def allow(
    slug: str, plan: str | None, *, features: tuple[str, ...], without: tuple[str, ...], daily_limit: int | None
) -> None:
    """Change plan, features and daily limit of the workspace SLUG. What is not given stays, but for --daily-limit."""
    from postroom.outbound import platform

    workspace = find_workspace(slug)
    chosen = workspace.plan if plan is None else None if plan == "none" else _find_plan(plan)
    installed = sorted(set(features or workspace.features) - set(without))
    platform.allow(workspace, by=BY, own_limit=daily_limit, plan=chosen, features=installed)
    limit = workspace.default_server_daily_limit
    click.echo(f"{slug}: {'no limit' if limit is None else f'{limit} messages a day'}.")


@command.command("plan")
@click.argument("name")
@click.option("--base", type=COUNT, help="Messages a day.")
@click.option("--most", type=COUNT, help="Never more than these, whatever the features.")
@click.option("--more", "more", multiple=True, metavar="FEATURE=NUMBER", help="How many more with a feature.")
@click.option("--for-new", is_flag=True, default=None, help="New workspaces begin with it.")
@django_command
def plan(name: str, base: int | None, most: int | None, *, more: tuple[str, ...], for_new: bool | None) -> None:
    """Make or change the plan NAME; the limits of its workspaces follow."""
    from postroom.cli.setup import set_given
    from postroom.outbound import platform
    from postroom.workspaces.models import Plan
    from postroom.workspaces.plans import plans

    plans()  # makes the usual ones on a platform that has none yet
    row = Plan.objects.filter(name=name).first() or Plan(name=name, base=base or 0, most=most or base or 0)
    set_given(row, {"base": base, "most": most, "is_for_new": for_new})
    row.by_feature = {**row.by_feature, **dict(map(_read_more, more))}
    platform.save_plan(row, by=BY)
    click.echo(_readable(row))


@command.command("plans")
@django_command
def plans() -> None:
    """The plans, the smallest first."""
    from postroom.workspaces.plans import plans

    for row in plans():
        click.echo(_readable(row))


@command.command("zone")
@django_command
def zone() -> None:
    """What the zone of the platform's own domain must hold, as lines of a zone file: sub-domains, and DKIM keys."""
    from postroom.policy.dns.writing import zone_file
    from postroom.servers.platform_zone import platform_records

    click.echo(zone_file(platform_records()), nl=False)


@command.command("plan-remove")
@click.argument("name")
@django_command
def plan_remove(name: str) -> None:
    """Remove the plan NAME; refused while workspaces are on it, or begin with it."""
    from postroom.workspaces.plans import remove_plan

    remove_plan(_find_plan(name), by=BY)
    click.echo(f"{name} is removed.")


@command.command("suspend")
@click.argument("slug")
@click.option("--reason", required=True, help="For the workspace's people; it stands on each mail that waits.")
@django_command
def suspend(slug: str, reason: str) -> None:
    """Let nothing of the workspace SLUG leave; its mail waits."""
    from postroom.outbound import platform

    platform.suspend(find_workspace(slug), reason=reason, by=BY)
    click.echo(f"{slug} is suspended.")


@command.command("resume")
@click.argument("slug")
@django_command
def resume(slug: str) -> None:
    """Let the mail of the workspace SLUG leave again."""
    from postroom.outbound import platform

    platform.resume(find_workspace(slug), by=BY)
    click.echo(f"{slug} is resumed.")


def _read_more(text: str) -> tuple[str, int]:
    feature, _, number = text.partition("=")
    if feature not in set(Feature) or not number.isdecimal():
        raise click.ClickException(f"“{text}” is not FEATURE=NUMBER; features are {', '.join(Feature)}.")
    return feature, int(number)


def _find_plan(name: str) -> "Plan":
    from postroom.workspaces.plans import plans

    found = {plan.name: plan for plan in plans()}
    if name not in found:
        raise click.ClickException(f"There is no plan “{name}”; there are {', '.join(found)}.")
    return found[name]


def _readable(row: "Plan") -> str:
    more = ", ".join(f"+{number} with {feature}" for feature, number in sorted(row.by_feature.items()) if number)
    new = "  (for new workspaces)" if row.is_for_new else ""
    return f"{row.name:<20} {row.base} a day, {more or 'the same with every feature'}, at most {row.most}{new}"
