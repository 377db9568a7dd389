"""Which plans does a hosted platform have, and what do they allow a workspace?"""

from django.db import transaction

from postroom.policy.quota import FOR_NEW, PLANS, Allotment, daily_limit
from postroom.workspaces.models import Plan, Workspace


def plans() -> list[Plan]:
    """The smallest first; a platform that has none yet gets the usual ones."""
    return list(Plan.objects.order_by("base", "name")) or _make_usual_plans()


def plan_for_new() -> Plan:
    """What a workspace begins with that signs up: the plan marked so, else the smallest."""
    found = plans()
    return next((plan for plan in found if plan.is_for_new), found[0])


def planned_limit(workspace: Workspace) -> int | None:
    """What its plan and features allow it a day; None without a plan."""
    if workspace.plan is None:
        return None
    plan = workspace.plan
    return daily_limit(Allotment(plan.base, plan.most, plan.by_feature), workspace.features)


def follow_plan(workspace: Workspace) -> None:
    """Set the limit that follows from the plan, unless the workspace has one of its own; the caller saves it."""
    if not workspace.has_own_limit:
        workspace.default_server_daily_limit = planned_limit(workspace)


@transaction.atomic
def _make_usual_plans() -> list[Plan]:
    rows = [
        Plan(
            name=name,
            base=usual.base,
            most=usual.most,
            by_feature=dict(usual.by_feature),
            is_for_new=name == FOR_NEW,
        )
        for name, usual in PLANS.items()
    ]
    Plan.objects.bulk_create(rows, ignore_conflicts=True)  # another process may make them just now
    return list(Plan.objects.order_by("base", "name"))
