"""What needs a person first, and how mail flows."""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from postroom.inbound import desk
from postroom.outbound import attention, flow, listing
from postroom.outbound.attention import FailureGroup
from postroom.outbound.flow import Day
from postroom.policy.permission import Action
from postroom.policy.status import Status
from postroom.threads.attention import needing
from postroom.web.platform import is_caretaker
from postroom.web.seat import needs
from postroom.web.views.alerts import page_of
from postroom.web.vocabulary import STATES
from postroom.workspaces.access import Seat, alerts_of

DAYS = 30
MOST_ALERTS = 20


@dataclass(frozen=True, slots=True)
class AlertRow:
    """Something to mend; `url` is empty while no page does it."""

    what_happened: str
    what_to_do: str
    count: int
    last_seen_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class FailureRow:
    """Deliveries that came to the same for the same reason."""

    status: Status
    reason: str
    count: int
    url: str


@require_safe
@needs(Action.SEE_MAIL)
def home(request: HttpRequest, seat: Seat) -> HttpResponse:
    alerts = (
        alerts_of(seat.workspace).filter(resolved_at=None, acknowledged_at=None).order_by("-last_seen_at")[:MOST_ALERTS]
    )
    context = {
        "alerts": [
            AlertRow(alert.what_happened, alert.what_to_do, alert.count, alert.last_seen_at, page_of(alert))
            for alert in alerts
        ],
        "failures": [_failure(group) for group in attention.failures(needing(seat.workspace))],
        "unrouted": desk.count_waiting(seat.workspace),
        "nobodys": desk.count_waiting(None) if is_caretaker(request) else 0,
    }
    return render(request, "web/home.html", context)


@require_safe
@needs(Action.SEE_MAIL)
def home_flow(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The numbers, loaded into the page when it stands: counting a month of mail takes longer than drawing it."""
    now, zone = timezone.now(), timezone.get_current_timezone()
    days = flow.tries_by_day(seat.workspace, days=DAYS, now=now, zone=zone)
    context = {
        "days": [(day, listing.id_at(_end_of(day.date, zone))) for day in days],
        "today": days[-1],
        "chart": _chart(days),
        "waiting": flow.waiting(seat.workspace, now=now),
        "most": flow.MOST,
        "now": now,
        "daily": flow.daily_use(seat.workspace, now=now),
    }
    return render(request, "web/_flow.html" if "HX-Request" in request.headers else "web/flow.html", context)


def _end_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone)


def _failure(group: FailureGroup) -> FailureRow:
    query = {"status": group.status.value, **({"cause": group.cause} if group.cause else {})}
    reason = group.reason or str(STATES[group.status].meaning)
    return FailureRow(group.status, reason, group.count, f"{reverse('messages')}?{urlencode(query)}")


def _chart(days: list[Day]) -> str:
    """As charts.js draws it."""
    series = [(Status.SENT, "green"), (Status.DEFERRED, "amber"), (Status.BOUNCED, "red")]
    return json.dumps(
        {
            "labels": [date_format(day.date, "j M") for day in days],
            "series": [
                {
                    "label": str(STATES[status].word),
                    "tone": tone,
                    "values": [getattr(day, status.value) for day in days],
                }
                for status, tone in series
            ],
        }
    )
