"""Which addresses get no mail from the workspace, why, and how are they put on that list and taken off it?"""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from postroom.errors import AddressError, PostroomError
from postroom.outbound import suppressions
from postroom.outbound.models import Suppression
from postroom.outbound.suppression_csv import read_table, write_table
from postroom.outbound.suppressions import Entry
from postroom.policy.permission import Action
from postroom.policy.suppression import Scope
from postroom.web.http import words_of
from postroom.web.lists import chips
from postroom.web.seat import needs
from postroom.web.vocabulary import SCOPES, SUPPRESSED_BY
from postroom.workspaces.access import Seat
from postroom.workspaces.audit import record_change, record_many, record_removal

PAGE_SIZE = 100
MAX_TABLE_BYTES = 20 * 1024 * 1024


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    address = forms.CharField(max_length=320, required=False)
    scope = forms.ChoiceField(choices=[(scope.value, scope.value) for scope in Scope], required=False)
    source = forms.ChoiceField(choices=Suppression.Source.choices, required=False)
    after = forms.CharField(max_length=320, required=False)


class SuppressForm(forms.Form):
    """One address to suppress."""

    address = forms.CharField(label=gettext_lazy("Address"), max_length=320)
    scope = forms.ChoiceField(label=gettext_lazy("Which mail it is not sent"), choices=list(SCOPES.items()))
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=500, required=False)


class TableForm(forms.Form):
    """A list of another system."""

    table = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy(
            "With a first line that names a column address or email; scope and reason are read too."
        ),
    )

    def clean_table(self) -> Any:
        table = self.cleaned_data["table"]
        if table.size > MAX_TABLE_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB; divide it."))
        return table


@needs(Action.SEE_MAIL)
def suppressed_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    form = SuppressForm(request.POST or None) if seat.may(Action.STEER_MAIL) else None
    if request.method == "POST":
        if form is None:
            raise PermissionDenied
        if form.is_valid() and _suppress(seat, form):
            messages.success(request, _("%(address)s gets no mail from now on.") % form.cleaned_data)
            return redirect("suppressed")
    chosen = ListFilter(request.GET)
    chosen.is_valid()
    rows, after = _page(seat, chosen.cleaned_data)
    context = {
        "rows": rows,
        "after": after,
        "address": chosen.cleaned_data.get("address", ""),
        "sources": chips(
            request, "source", [("", _("all"), ""), *((s, word, "") for s, word in SUPPRESSED_BY.items())]
        ),
        "is_filtered": any(chosen.cleaned_data.values()),
        "form": form,
        "table_form": TableForm(),
    }
    return render(request, "web/suppressed.html", context)


@require_POST
@needs(Action.STEER_MAIL)
def address(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Suppress or release one address, from wherever it is shown."""
    try:
        wanted = suppressions.normalise(request.POST.get("address", ""))
    except AddressError:
        raise BadRequest from None
    if request.POST.get("act") == "release":
        with transaction.atomic():
            found = suppressions.find(seat.workspace, addresses=[wanted])
            for row in found:
                record_removal(row, workspace=seat.workspace, by=seat.user)
            suppressions.release(found, seat.workspace)
        messages.success(request, _("%(address)s gets mail again.") % {"address": wanted})
    else:
        _store(seat, Entry(address=wanted, reason=_("Suppressed by %(name)s.") % {"name": seat.user}))
        messages.success(request, _("%(address)s gets no mail from now on.") % {"address": wanted})
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "suppressed")


@needs(Action.SEE_MAIL)
def table(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The whole list as CSV, or one to be read in."""
    if request.method == "POST":
        return _read_in(request, seat)
    rows = suppressions.find(seat.workspace).order_by("address").iterator()
    headers = {"Content-Disposition": 'attachment; filename="suppressed.csv"'}
    return HttpResponse("".join(write_table(rows)), content_type="text/csv; charset=utf-8", headers=headers)


def _read_in(request: HttpRequest, seat: Seat) -> HttpResponse:
    if not seat.may(Action.STEER_MAIL):
        raise PermissionDenied
    form = TableForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect("suppressed")
    file = form.cleaned_data["table"]
    try:
        entries = read_table(file.read().decode("utf-8", "replace"))
    except PostroomError as error:
        messages.error(request, words_of(error))
        return redirect("suppressed")
    with transaction.atomic():
        count = suppressions.suppress(seat.workspace, entries)
        record_many(Suppression, workspace=seat.workspace, by=seat.user, name=file.name or "CSV", count=count)
    messages.success(request, _("%(count)s addresses were read in.") % {"count": count})
    return redirect("suppressed")


def _suppress(seat: Seat, form: SuppressForm) -> bool:
    wanted = form.cleaned_data
    reason = wanted["reason"] or _("Suppressed by %(name)s.") % {"name": seat.user}
    try:
        _store(seat, Entry(address=wanted["address"], reason=reason, scope=Scope(wanted["scope"])))
    except AddressError as error:
        form.add_error("address", words_of(error))
        return False
    return True


@transaction.atomic
def _store(seat: Seat, entry: Entry) -> None:
    suppressions.suppress(seat.workspace, [entry])
    row = Suppression.objects.get(workspace=seat.workspace, address=suppressions.normalise(entry.address))
    record_change(row, workspace=seat.workspace, by=seat.user, before=None)


def _page(seat: Seat, wanted: dict[str, Any]) -> tuple[list[Suppression], str]:
    """Rows by address, and the `after` of the next page, "" on the last one."""
    try:
        addresses = [wanted["address"]] if wanted.get("address") else []
        found = suppressions.find(
            seat.workspace, addresses=addresses, scope=wanted.get("scope") or None, source=wanted.get("source") or None
        )
    except AddressError:  # a part of one
        found = suppressions.find(seat.workspace).filter(address__contains=wanted["address"].lower())
    if wanted.get("after"):
        found = found.filter(address__gt=wanted["after"])
    rows = list(found.order_by("address")[: PAGE_SIZE + 1])
    return rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].address if len(rows) > PAGE_SIZE else ""
