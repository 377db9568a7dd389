"""What do the administrators of a hosted platform see: all workspaces' use, one of them, and the plans?"""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from postroom.domains.models import DkimKey
from postroom.outbound import platform
from postroom.policy.dns.writing import zone_file
from postroom.policy.quota import Feature
from postroom.servers.platform_zone import platform_records
from postroom.web.forms import Confirmation, stored
from postroom.web.platform import for_administrators
from postroom.web.vocabulary import KEY_STATES
from postroom.workspaces.language import told
from postroom.workspaces.models import Plan, User, Workspace
from postroom.workspaces.plans import planned_limit, plans, remove_plan, why_kept

FEATURES = {
    Feature.MAILINGS: gettext_lazy("Mailings"),
    Feature.CONVERSATIONS: gettext_lazy("Conversations"),
    Feature.APPLICATIONS: gettext_lazy("Applications (HTTP and SMTP)"),
}
MOST_A_DAY = 2**31 - 1


class AllowanceForm(forms.Form):
    """What a workspace may send a day through the platform's server."""

    plan = forms.ModelChoiceField(
        label=gettext_lazy("Plan"), queryset=Plan.objects.none(), required=False, empty_label=gettext_lazy("None")
    )
    own_limit = forms.IntegerField(
        label=gettext_lazy("Another limit than the plan's"),
        required=False,
        min_value=0,
        max_value=MOST_A_DAY,
        help_text=gettext_lazy("Messages a day. Empty: what follows from plan and features; without a plan, no limit."),
    )

    def __init__(self, present: Plan | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plan"].queryset = Plan.objects.order_by("base", "name")  # type: ignore[attr-defined] # of its field
        for feature, word in FEATURES.items():
            label = _("Has installed: %(feature)s") % {"feature": word}
            effect = _effect(present, feature) if present else ""
            self.fields[feature.value] = forms.BooleanField(label=label, required=False, help_text=effect)

    @property
    def features(self) -> list[str]:
        return [feature.value for feature in FEATURES if self.cleaned_data[feature.value]]


def _effect(plan: Plan, feature: Feature) -> str:
    facts = {"number": plan.by_feature.get(feature, 0), "plan": plan.name, "most": plan.most}
    return _("+%(number)s a day with the plan %(plan)s, up to %(most)s in all.") % facts


class SuspensionForm(forms.Form):
    """Why nothing may leave."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        help_text=gettext_lazy("The people of the workspace read it, and it stands on each mail that waits."),
    )


class PlanForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """A plan; one number for each feature."""

    # No field of the model here: `save_plan` takes the mark from the plan that had it.
    starts = forms.BooleanField(label=gettext_lazy("New workspaces begin with it"), required=False)

    class Meta:
        model = Plan
        fields = ("name", "base", "most")
        labels: ClassVar = {
            "name": gettext_lazy("Name"),
            "base": gettext_lazy("Messages a day"),
            "most": gettext_lazy("Never more than"),
        }
        help_texts: ClassVar = {"base": "", "most": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts"].initial = self.instance.is_for_new
        for feature, word in FEATURES.items():
            label = _("More with %(feature)s") % {"feature": word}
            self.fields[feature.value] = forms.IntegerField(
                label=label, min_value=0, max_value=MOST_A_DAY, initial=self.instance.by_feature.get(feature, 0)
            )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if (found.get("most") or 0) < (found.get("base") or 0):
            raise ValidationError({"most": _("This is less than the messages a day without any feature.")})
        return found

    def as_plan(self) -> Plan:
        plan: Plan = self.instance
        plan.is_for_new = self.cleaned_data["starts"]
        plan.by_feature = {feature.value: self.cleaned_data[feature.value] for feature in FEATURES}
        return plan


@require_safe
@for_administrators
def workspace_list(request: HttpRequest, _user: User) -> HttpResponse:
    text = request.GET.get("text", "").strip()[:100]
    uses = platform.uses(now=timezone.now(), text=text)
    context = {"uses": uses, "text": text, "is_cut": len(uses) == platform.MOST, "most": platform.MOST}
    return render(request, "web/platform.html", context)


@for_administrators
def workspace_page(request: HttpRequest, user: User, workspace_id: int) -> HttpResponse:
    workspace = _find(workspace_id)
    limit = workspace.default_server_daily_limit if workspace.has_own_limit or workspace.plan is None else None
    initial = {"plan": workspace.plan, "own_limit": limit} | dict.fromkeys(workspace.features, True)
    form = AllowanceForm(workspace.plan, request.POST or None, initial=initial)
    if form.is_valid():
        own_limit, plan = form.cleaned_data["own_limit"], form.cleaned_data["plan"]
        platform.allow(workspace, by=user, own_limit=own_limit, plan=plan, features=form.features)
        messages.success(request, _("The limit of %(name)s is saved.") % {"name": workspace.name})
        return redirect("platform-workspace", workspace.pk)
    context = {
        "workspace": workspace,
        "form": form,
        "planned": planned_limit(workspace),
        "use": next(
            use for use in platform.uses(now=timezone.now(), text=workspace.slug) if use.workspace == workspace
        ),
        "suspension": SuspensionForm(),
        "servers": workspace.outgoing_servers.filter(archived_at=None).count(),
        "members": workspace.memberships.select_related("user").order_by("user__email")[:50],
    }
    return render(request, "web/platform_workspace.html", context)


@require_POST
@for_administrators
def suspend(request: HttpRequest, user: User, workspace_id: int) -> HttpResponse:
    workspace, form = _find(workspace_id), SuspensionForm(request.POST)
    if form.is_valid():
        platform.suspend(workspace, reason=form.cleaned_data["reason"], by=user)
        messages.success(request, _("%(name)s is suspended: its mail waits.") % {"name": workspace.name})
    else:
        messages.error(request, _("Say why the workspace is suspended."))
    return redirect("platform-workspace", workspace.pk)


@require_POST
@for_administrators
def resume(request: HttpRequest, user: User, workspace_id: int) -> HttpResponse:
    workspace = _find(workspace_id)
    platform.resume(workspace, by=user)
    messages.success(request, _("%(name)s is resumed: its mail leaves.") % {"name": workspace.name})
    return redirect("platform-workspace", workspace.pk)


@require_safe
@for_administrators
def plan_list(request: HttpRequest, _user: User) -> HttpResponse:
    rows = [(plan, [(word, plan.by_feature.get(feature, 0)) for feature, word in FEATURES.items()]) for plan in plans()]
    return render(request, "web/platform_plans.html", {"rows": rows, "features": list(FEATURES.values())})


@for_administrators
def plan_page(request: HttpRequest, user: User, plan_id: int) -> HttpResponse:
    """0 is a new one."""
    plan = Plan.objects.filter(pk=plan_id).first() or (Plan() if plan_id == 0 else None)
    if plan is None:
        raise Http404
    form = PlanForm(request.POST or None, instance=plan)
    if form.is_valid():
        platform.save_plan(form.as_plan(), by=user)
        messages.success(request, _("%(name)s is saved.") % {"name": plan.name})
        return redirect("platform-plans")
    return render(request, "web/platform_plan.html", {"form": form, "plan": plan})


@for_administrators
def remove_plan_page(request: HttpRequest, user: User, plan_id: int) -> HttpResponse:
    plan = get_object_or_404(Plan, pk=plan_id)
    form = Confirmation(request.POST or None, phrase=plan.name)
    if form.is_valid() and stored(form, lambda: remove_plan(plan, by=user)):
        messages.success(request, _("The plan %(name)s is removed.") % {"name": plan.name})
        return redirect("platform-plans")
    context = {
        "form": form,
        "title": _("Remove the plan %(name)s") % {"name": plan.name},
        "consequence": _(
            "It can no longer be given to a workspace; nobody's limit changes. To undo it, make a plan with the same "
            "numbers."
        ),
        "facts": [told(why)] if (why := why_kept(plan)) else [],
        "action": _("Remove"),
        "back": reverse("platform-plan", args=[plan.pk]),
    }
    return render(request, "web/confirm.html", context)


@require_safe
@for_administrators
def zone(request: HttpRequest, _user: User) -> HttpResponse:
    """The records that the platform's own zone must hold."""
    records = list(platform_records())
    states = {key.pointer: KEY_STATES[key.state] for key in DkimKey.objects.exclude(pointer="").defer("private_key")}
    context = {
        "rows": [(record, states.get(record.name, "")) for record in records],
        "zone": zone_file(records),
        "domain": settings.POSTROOM.platform_domain,
    }
    return render(request, "web/platform_zone.html", context)


def _find(workspace_id: int) -> Workspace:
    found = Workspace.objects.select_related("plan").filter(pk=workspace_id).first()
    if found is None:
        raise Http404
    return found
