"""The system parameters: what those that are known mean and hold, and whatever else somebody has noted here."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from postroom.policy.permission import Action
from postroom.web.forms import Confirmation, lock
from postroom.web.parameter_words import KNOWN
from postroom.web.seat import needs
from postroom.workspaces import audit
from postroom.workspaces.access import Seat
from postroom.workspaces.models import SystemParameter


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """A parameter, set or known; `meaning` is "" for one that the program does not read."""

    key: str
    value: str
    default: str
    meaning: str
    url: str


class ParameterForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """A key and its value, which is checked where the key is known."""

    class Meta:
        model = SystemParameter
        fields = ("key", "value")
        labels = {"key": gettext_lazy("Key"), "value": gettext_lazy("Value")}  # noqa: RUF012 – Django's way
        widgets = {"value": forms.Textarea(attrs={"rows": 3})}  # noqa: RUF012 – Django's way

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"].strip()
        others = self.instance.workspace.parameters.exclude(pk=self.instance.pk)
        if others.filter(key=key).exists():
            raise ValidationError(_("This parameter is set already; change it in the list."))
        return key

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        value = cleaned.get("value", "").strip()
        known = KNOWN.get(cleaned.get("key", ""))
        for fault in known.faults(value) if known and value else ():
            self.add_error("value", fault)
        return cleaned | {"value": value}


@require_safe
@needs(Action.SEE_SETTINGS)
def parameter_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    rows = {parameter.key: parameter for parameter in seat.workspace.parameters.order_by("key")}
    keys = [*KNOWN, *(key for key in rows if key not in KNOWN)]
    return render(request, "web/parameters.html", {"rows": [_row(key, rows.get(key)) for key in keys]})


@needs(Action.CHANGE_SETTINGS)
def new_parameter(request: HttpRequest, seat: Seat) -> HttpResponse:
    row = SystemParameter(workspace=seat.workspace, key=request.GET.get("key", "")[:100])
    return _form_page(request, seat, row)


@needs(Action.SEE_SETTINGS)
def parameter_page(request: HttpRequest, seat: Seat, parameter_id: int) -> HttpResponse:
    return _form_page(request, seat, get_object_or_404(seat.workspace.parameters, pk=parameter_id))


@needs(Action.CHANGE_SETTINGS)
def remove_parameter(request: HttpRequest, seat: Seat, parameter_id: int) -> HttpResponse:
    row = get_object_or_404(seat.workspace.parameters, pk=parameter_id)
    form = Confirmation(request.POST or None, phrase=row.key)
    if form.is_valid():
        with transaction.atomic():
            audit.record_removal(row, workspace=seat.workspace, by=seat.user)
            row.delete()
        messages.success(request, _("%(name)s is removed.") % {"name": row.key})
        return redirect("parameters")
    context = {
        "form": form,
        "title": _("Remove %(name)s") % {"name": row.key},
        "consequence": _("The program goes back to its usual value. To undo it, set the parameter again: %(value)s")
        % {"value": row.value or "–"},
        "action": _("Remove"),
        "back": reverse("parameters"),
    }
    return render(request, "web/confirm.html", context)


def _form_page(request: HttpRequest, seat: Seat, row: SystemParameter) -> HttpResponse:
    title, may_change = row.key or _("New parameter"), seat.may(Action.CHANGE_SETTINGS)
    form = ParameterForm(request.POST or None, instance=row)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    if form.is_valid():
        with audit.noting(row, workspace=seat.workspace, by=seat.user):
            row.save()
        messages.success(request, _("%(name)s is saved.") % {"name": row.key})
        return redirect("parameters")
    if not may_change:
        lock(form)
    known = KNOWN.get(title)
    context = {
        "form": form,
        "title": title,
        "about": known and known.meaning,
        "action": _("Save"),
        "parent": {"url": reverse("parameters"), "title": _("System Parameters")},
        "remove_url": reverse("parameter-remove", args=[row.pk]) if row.pk and may_change else "",
        "read_only": not may_change,
    }
    return render(request, "web/form_page.html", context)


def _row(key: str, row: SystemParameter | None) -> ParameterRow:
    known = KNOWN.get(key)
    new = reverse("parameter-new", query={"key": key})
    return ParameterRow(
        key=key,
        value=row.value if row else "",
        default=str(known.default) if known else "",
        meaning=str(known.meaning) if known else "",
        url=reverse("parameter", args=[row.pk]) if row else new,
    )
