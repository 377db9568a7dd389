"""How is mail leaving: by hour or day, server, stream and result; what waits, since when, and under which limits?"""

import csv
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from postroom.outbound import flow, stand
from postroom.outbound.flow import By, Course
from postroom.policy.permission import Action
from postroom.policy.status import Status
from postroom.web.lists import chips
from postroom.web.seat import needs
from postroom.web.vocabulary import STATES, STREAMS
from postroom.workspaces.access import Seat

# What the address calls it: its unit and how many of them.
PERIODS = {"hours": (timedelta(hours=1), 48), "days": (timedelta(days=1), 30)}
TONES = ("blue", "violet", "green", "amber", "orange", "grey", "red", "dark-red")


class ChoiceForm(forms.Form):
    """What the address asks for; what makes no sense is passed over."""

    period = forms.ChoiceField(choices=[(name, name) for name in PERIODS], required=False)
    by = forms.ChoiceField(choices=[(by.value, by.value) for by in By], required=False)


@require_safe
@needs(Action.SEE_MAIL)
def monitor(request: HttpRequest, seat: Seat) -> HttpResponse:
    period, by = _chosen(request)
    context = {
        "periods": chips(request, "period", [("", _("hours"), "clock"), ("days", _("days"), "calendar-time")]),
        "kinds": chips(
            request, "by", [("", _("result"), ""), ("server", _("server"), ""), ("stream", _("stream"), "")]
        ),
        "query": f"period={period}&by={by}",
    }
    return render(request, "web/monitor.html", context)


@require_safe
@needs(Action.SEE_MAIL)
def monitor_numbers(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The numbers, loaded into the page when it stands."""
    period, by = _chosen(request)
    course = _course(seat, period, by)
    context = {
        "chart": _chart(course, period, by),
        "heads": [_word(by, kind) for kind in course.counts],
        "rows": [(at, counts) for at, counts in reversed(_rows(course)) if any(counts)],
        "is_daily": period == "days",
        "stands": stand.stands(seat.workspace),
        "streams": STREAMS,
    }
    return render(
        request, "web/_monitor.html" if "HX-Request" in request.headers else "web/monitor_numbers.html", context
    )


@require_safe
@needs(Action.SEE_MAIL)
def monitor_table(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The numbers as CSV, times in ISO 8601."""
    period, by = _chosen(request)
    course = _course(seat, period, by)
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["from", *map(_harmless, course.counts)])
    writer.writerows([at.isoformat(), *counts] for at, counts in _rows(course))
    headers = {"Content-Disposition": f'attachment; filename="{period}-by-{by}.csv"'}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _chosen(request: HttpRequest) -> tuple[str, By]:
    form = ChoiceForm(request.GET)
    form.is_valid()
    return form.cleaned_data.get("period") or "hours", By(form.cleaned_data.get("by") or By.RESULT)


def _course(seat: Seat, period: str, by: By) -> Course:
    unit, number = PERIODS[period]
    return flow.course(seat.workspace, by=by, unit=unit, number=number, now=timezone.now())


def _rows(course: Course) -> list[tuple[datetime, tuple[int, ...]]]:
    columns = list(course.counts.values())
    return [(at, tuple(column[place] for column in columns)) for place, at in enumerate(course.times)]


def _chart(course: Course, period: str, by: By) -> str:
    """As charts.js draws it."""
    form = "j M" if period == "days" else "H:i"
    return json.dumps({"labels": [date_format(at, form) for at in course.times], "series": list(_series(course, by))})


def _series(course: Course, by: By) -> Iterator[dict[str, object]]:
    for place, (kind, values) in enumerate(course.counts.items()):
        tone = STATES[Status(kind)].tone if by is By.RESULT and kind in set(Status) else TONES[place % len(TONES)]
        yield {"label": _word(by, kind), "tone": tone, "values": values}


def _word(by: By, kind: str) -> str:
    if by is By.RESULT:
        return str(STATES[Status(kind)].word) if kind in set(Status) else kind
    return str(STREAMS.get(kind, kind)) if by is By.STREAM else kind


def _harmless(name: str) -> str:
    """A server's name is people's own: a spreadsheet must not take it for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
