"""What do the administrators of a hosted platform see of all workspaces, and what may they do to one?"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from postroom.outbound import queue
from postroom.outbound.flow import OF_PLATFORM, start_of_day
from postroom.outbound.models import Usage
from postroom.workspaces.alerts import clear_alert, raise_alert
from postroom.workspaces.audit import noting, record_change, snapshot
from postroom.workspaces.models import Plan, User, Workspace
from postroom.workspaces.plans import follow_plan

SUSPENDED_ALERT = "workspace_suspended"
MOST = 500  # of a list; beyond that its search helps


@dataclass(frozen=True, slots=True)
class Use:
    """A workspace with its `used` messages of today (UTC) through the platform's server, and how many `wait`."""

    workspace: Workspace
    used: int
    waiting: int


def uses(*, now: datetime, text: str = "") -> list[Use]:
    """All workspaces, those that use the platform's server most first; `text` narrows by name. Two queries."""
    used = Usage.objects.filter(OF_PLATFORM, workspace=OuterRef("pk"), at__gte=start_of_day(now)).order_by()
    rows = Workspace.objects.select_related("plan").annotate(
        used=Coalesce(Subquery(used.values("workspace").annotate(sum=Sum("messages")).values("sum")), 0)
    )
    if text:
        rows = rows.filter(Q(slug__icontains=text) | Q(name__icontains=text))
    rows = rows.order_by("-used", "slug")[:MOST]
    waiting = queue.waiting_by_workspace([row.pk for row in rows])
    return [Use(row, row.used, waiting.get(row.pk, 0)) for row in rows]


@transaction.atomic
def allow(
    workspace: Workspace, *, by: User | str, own_limit: int | None, plan: Plan | None, features: list[str]
) -> None:
    """Change plan and features; `own_limit` holds instead of what follows from them. Waiting mail leaves if it may."""
    before, limit_before = snapshot(workspace), workspace.default_server_daily_limit
    workspace.plan, workspace.features = plan, sorted(features)
    workspace.has_own_limit = own_limit is not None
    if own_limit is not None:
        workspace.default_server_daily_limit = own_limit
    follow_plan(workspace)
    workspace.save(update_fields=["plan", "features", "has_own_limit", "default_server_daily_limit"])
    record_change(workspace, workspace=workspace, by=by, before=before)
    if workspace.default_server_daily_limit != limit_before:
        queue.bring_forward(workspace)


@transaction.atomic
def save_plan(plan: Plan, *, by: User | str) -> None:
    """Store a new or changed plan; its workspaces have the limits that follow from it now."""
    if plan.is_for_new:
        Plan.objects.filter(is_for_new=True).exclude(pk=plan.pk).update(is_for_new=False)
    with noting(plan, workspace=None, by=by):
        plan.save()
    for workspace in Workspace.objects.filter(plan=plan, has_own_limit=False).select_related("plan"):
        allow(workspace, by=by, own_limit=None, plan=plan, features=workspace.features)


@transaction.atomic
def suspend(workspace: Workspace, *, reason: str, by: User | str) -> None:
    """Nothing leaves from now on but what is on its way; mail waits, and says so. Again: another reason."""
    before = snapshot(workspace)
    workspace.suspended_at, workspace.suspension = workspace.suspended_at or timezone.now(), reason
    workspace.save(update_fields=["suspended_at", "suspension"])
    record_change(workspace, workspace=workspace, by=by, before=before)
    raise_alert(
        workspace,
        SUSPENDED_ALERT,
        workspace.slug,
        what_happened=f"The platform's administrators have suspended this workspace: {reason}",
        what_to_do="Write to them. All mail waits meanwhile, and leaves when the workspace is resumed.",
    )


@transaction.atomic
def resume(workspace: Workspace, *, by: User | str) -> None:
    """Let mail leave again; the time that it waited is not taken from its life."""
    if workspace.suspended_at is None:
        return
    before, waited = snapshot(workspace), timezone.now() - workspace.suspended_at
    workspace.suspended_at, workspace.suspension = None, ""
    workspace.save(update_fields=["suspended_at", "suspension"])
    record_change(workspace, workspace=workspace, by=by, before=before)
    clear_alert(workspace, SUSPENDED_ALERT, workspace.slug)
    queue.prolong(workspace, waited)
    queue.bring_forward(workspace, queue.SUSPENDED_REASON)
