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
from postroom.web.platform import for_administrators
from postroom.web.seat import needs
from postroom.workspaces.access import Seat
from postroom.workspaces.models import Change, User

PAGE_SIZE = 50
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$")  # as the log keeps them
MAX_VALUE = 200  # characters of a value that a line shows
# Ids and dates of making say nothing to people.
UNTOLD = {"id", "workspace", "created_at", "digest"}


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
    values = [(name.replace("_", " "), _shown(before.get(name)), _shown(after.get(name))) for name in names]
    return ChangeRow(
        change.at, change.by, what, change.kind, change.name, [row for row in values if row[1] != row[2] or row[1]]
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str) and MOMENT.match(value):
        return date_format(localtime(parse_datetime(value)), "j M Y, H:i")
    return "–" if value in (None, "") else str(value)[:MAX_VALUE]
