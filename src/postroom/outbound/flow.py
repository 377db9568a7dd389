"""How does a workspace's mail flow: what was tried each day, and what waits now?"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate, TruncDay, TruncHour
from django.utils import timezone

from postroom.outbound.models import Attempt, Delivery, Usage
from postroom.policy.status import WAITING, Status
from postroom.workspaces.models import Workspace

TRIED = (Status.SENT, Status.DEFERRED, Status.BOUNCED)
MOST = 1000  # waiting deliveries are counted no further


@dataclass(frozen=True, slots=True)
class Day:
    """How many tries of a day ended how."""

    date: date
    sent: int
    deferred: int
    bounced: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is due and has not left, MOST at most; `oldest_at` is when the first of them was due."""

    count: int
    oldest_at: datetime | None


def tries_by_day(workspace: Workspace, *, days: int, now: datetime, zone: tzinfo) -> list[Day]:
    """The last `days` days in that time zone, today last, days without mail included; one query."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    # A day earlier: where the zone is ahead of UTC its first day began before that date did.
    tries = Attempt.objects.filter(delivery__workspace=workspace, at__gt=now - timedelta(days=days + 1))
    rows = tries.values_list(TruncDate("at", tzinfo=zone), "outcome").annotate(Count("pk")).order_by()
    return _filled(dates, rows)


class By(StrEnum):
    """By what tries are told apart; but for results, only what was sent is counted."""

    RESULT = "result"
    SERVER = "server"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Course:
    """How many tries of each kind fell into each hour or day: `counts` by kind, in the order of `times`."""

    times: tuple[datetime, ...]
    counts: dict[str, tuple[int, ...]]


def course(workspace: Workspace, *, by: By, unit: timedelta, number: int, now: datetime) -> Course:
    """The last `number` hours or days in the present time zone, the one that runs last; one query."""
    cut: type[TruncHour | TruncDay] = TruncHour if unit < timedelta(days=1) else TruncDay
    times = tuple(_begin(now - ago * unit, unit) for ago in range(number - 1, -1, -1))
    tries = Attempt.objects.filter(delivery__workspace=workspace, at__gte=times[0])
    if by is not By.RESULT:
        tries = tries.filter(outcome=Status.SENT.value)
    columns = {By.RESULT: "outcome", By.SERVER: "server_name", By.STREAM: "delivery__lane__stream"}
    rows = tries.values_list(columns[by], cut("at")).annotate(Count("pk")).order_by()
    counts: dict[str, Counter[datetime]] = {}
    for kind, at, count in rows:
        counts.setdefault(kind, Counter())[at] += count
    return Course(times, {kind: tuple(found[at] for at in times) for kind, found in sorted(counts.items())})


def _begin(moment: datetime, unit: timedelta) -> datetime:
    local = timezone.localtime(moment).replace(minute=0, second=0, microsecond=0)
    return local if unit < timedelta(days=1) else local.replace(hour=0)


def waiting(workspace: Workspace, *, now: datetime) -> Waiting:
    """Two queries."""
    due = Delivery.objects.filter(workspace=workspace, status__in=sorted(WAITING), due_at__lte=now)
    oldest = due.order_by("due_at").values_list("due_at", flat=True).first()
    return Waiting(due[:MOST].count(), oldest)


def default_server_use(workspace: Workspace, *, now: datetime) -> int:
    """Messages that left through the default server in the last 24 hours, the span that its daily limit counts."""
    used = Usage.objects.filter(workspace=workspace, outlet__server=None, at__gt=now - timedelta(days=1))
    return used.aggregate(sum=Sum("messages"))["sum"] or 0


def _filled(dates: Iterable[date], rows: Iterable[tuple[date, str, int]]) -> list[Day]:
    counts = Counter({(on, outcome): count for on, outcome, count in rows})
    return [Day(on, *(counts[on, status.value] for status in TRIED)) for on in dates]
