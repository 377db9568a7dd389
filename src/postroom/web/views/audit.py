"""Who changed what, newest first: in a workspace, or of the whole platform?"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from postroom.policy.permission import Action
from postroom.web.audit_words import UNTOLD, field_in_words, kind_in_words
from postroom.web.platform import for_administrators
from postroom.web.seat import needs
from postroom.workspaces.access import Seat
from postroom.workspaces.models import Change, User

PAGE_SIZE = 50
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$")  # as the log keeps them
MAX_VALUE = 200  # characters of a value that a line shows
NOTHING = "–"


class PageForm(forms.Form):
    """Which part of the list; what makes no sense is passed over."""

    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change as a line; `values` are name, before and after."""

    at: datetime
    by: str
    what: str
    kind: str
    name: str
    values: list[tuple[str, str, str]]


@require_safe
@needs(Action.SEE_AUDIT_LOG)
def audit_log(request: HttpRequest, seat: Seat) -> HttpResponse:
    return _page(request, Change.objects.filter(workspace=seat.workspace))


@require_safe
@for_administrators
def platform_audit_log(request: HttpRequest, _user: User) -> HttpResponse:
    """Plans, registrations and administrators; what is done to a workspace stands in that one's log."""
    return _page(request, Change.objects.filter(workspace=None))


def _page(request: HttpRequest, changes: QuerySet[Change]) -> HttpResponse:
    chosen = PageForm(request.GET)
    chosen.is_valid()
    if before := chosen.cleaned_data.get("before"):
        changes = changes.filter(pk__lt=before)
    found = list(changes.order_by("-id")[: PAGE_SIZE + 1])
    older = found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None
    return render(
        request, "web/audit.html", {"changes": [_row(change) for change in found[:PAGE_SIZE]], "older": older}
    )


def _row(change: Change) -> ChangeRow:
    what = _("made") if change.before is None else _("deleted") if change.after is None else _("changed")
    before, after = change.before or {}, change.after or {}
    names = [name for name in {**before, **after} if name not in UNTOLD]
    values = [(field_in_words(name), _shown(before.get(name)), _shown(after.get(name))) for name in names]
    kept = [row for row in values if row[1:] != (NOTHING, NOTHING)]  # a secret's mask is the same before and after
    return ChangeRow(change.at, change.by, what, kind_in_words(change.kind), change.name, kept)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str) and MOMENT.match(value):
        return date_format(localtime(parse_datetime(value)), "j M Y, H:i")
    if isinstance(value, dict):
        value = [f"{name}: {one}" for name, one in value.items()]
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return NOTHING if value in (None, "") else str(value)[:MAX_VALUE]
