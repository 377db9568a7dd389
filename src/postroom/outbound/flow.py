"""How does a workspace's mail flow: what was tried each day, and what waits now?"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from django.db.models import Q, Sum
from django.db.models.functions import TruncDate, TruncDay, TruncHour
from django.utils import timezone

from postroom.outbound import history
from postroom.outbound.models import Delivery, Usage
from postroom.policy.status import WAITING, Status
from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Workspace

TRIED = (Status.SENT, Status.DEFERRED, Status.BOUNCED)
MOST = 1000  # waiting deliveries are counted no further
# Of the platform's server, under its own name or as a workspace's record of it.
OF_PLATFORM = Q(outlet__server=None) | Q(outlet__server__authentication=OutgoingServer.Authentication.DEFAULT_SERVER)


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
    """The last `days` days in that time zone, today last, days without mail included; four queries."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    # A day earlier: where the zone is ahead of UTC its first day began before that date did.
    since, by = now - timedelta(days=days + 1), TruncDate("at", tzinfo=zone)
    rows = history.tried(workspace, "outcome", since=since, by=by)
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
    """The last `number` hours or days in the present time zone, the one that runs last; four queries."""
    cut: type[TruncHour | TruncDay] = TruncHour if unit < timedelta(days=1) else TruncDay
    times = tuple(_begin(now - ago * unit, unit) for ago in range(number - 1, -1, -1))
    kind = {By.RESULT: "outcome", By.SERVER: "server_name", By.STREAM: "stream"}[by]
    only = "" if by is By.RESULT else Status.SENT.value
    rows = history.tried(workspace, kind, since=times[0], by=cut("at"), only=only)
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


@dataclass(frozen=True, slots=True)
class DailyUse:
    """Messages of this UTC day through the platform's server, of `limit`; counted anew from `starts_anew_at`."""

    used: int
    limit: int
    starts_anew_at: datetime


def daily_use(workspace: Workspace, *, now: datetime) -> DailyUse | None:
    """As the limit itself counts (platform_use.sql); None for a workspace without one."""
    limit = workspace.default_server_daily_limit
    if limit is None:
        return None
    midnight = start_of_day(now)
    used = Usage.objects.filter(OF_PLATFORM, workspace=workspace, at__gte=midnight).aggregate(sum=Sum("messages"))
    return DailyUse(used["sum"] or 0, limit, midnight + timedelta(days=1))


def start_of_day(now: datetime) -> datetime:
    """Of the day that daily limits count: UTC, wherever people are."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _filled(dates: Iterable[date], rows: Iterable[tuple[str, date, int]]) -> list[Day]:
    counts: Counter[tuple[date, str]] = Counter()
    for outcome, on, count in rows:
        counts[on, outcome] += count
    return [Day(on, *(counts[on, status.value] for status in TRIED)) for on in dates]
