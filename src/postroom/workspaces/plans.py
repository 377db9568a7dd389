"""Which plans does a hosted platform have, and what do they allow a workspace?"""

from django.db import transaction

from postroom.errors import PostroomError
from postroom.policy.quota import FOR_NEW, PLANS, Allotment, daily_limit
from postroom.workspaces.audit import record_removal
from postroom.workspaces.models import Plan, User, Workspace


class PlanInUseError(PostroomError):
    """This plan is in use; give its workspaces another one first."""

    code = "plan_in_use"


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


def why_kept(plan: Plan) -> str:
    """Why the plan cannot be removed, as a sentence; "" when it can."""
    if users := plan.workspaces.count():
        return f"{users} workspaces are on the plan {plan.name}: give them another one first."
    if plan.is_for_new:
        return f"New workspaces begin with {plan.name}: choose another plan for them first."
    return "" if Plan.objects.exclude(pk=plan.pk).exists() else "A platform needs a plan: make another one first."


@transaction.atomic
def remove_plan(plan: Plan, *, by: User | str) -> None:
    """Give up a plan that nobody is on or begins with; PlanInUseError otherwise."""
    found = Plan.objects.select_for_update().filter(pk=plan.pk).first()
    if found is None:
        return
    if why := why_kept(found):
        raise PlanInUseError(why)
    record_removal(found, workspace=None, by=by)
    found.delete()


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
