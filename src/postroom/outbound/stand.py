"""How does the queue of each server stand: what waits, why, and when will the last of it leave?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import Now

from postroom.outbound import queue
from postroom.outbound.flow import DailyUse, daily_use
from postroom.outbound.models import Outlet, Share, Stream, Usage
from postroom.outbound.target import limits_of
from postroom.policy.pacing import DAY_S, MASS_SHARE, MINUTE_S, Limit, Spent, forecast, longest, recovered
from postroom.policy.quota import days_to_wait
from postroom.servers.endpoints import DEFAULT_SERVER_NAME
from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit in force: so many in any `seconds`, of which `used` are spent. `learned`: by the server's refusals.

    The daily limit of the platform's server is counted by UTC days instead: anew from `starts_anew_at`.
    """

    messages: int
    seconds: float
    used: int
    learned: bool = False
    starts_anew_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerStand:
    """One server's queue. `closed_until` and `fault`: set while a fault keeps it closed."""

    server: str
    due: dict[str, int]  # by stream: what may leave as soon as it is its turn
    later: dict[str, int]  # by stream: scheduled, or put off until another attempt
    limits: tuple[LimitUse, ...]
    closed_until: datetime | None
    fault: str
    fallback: str
    lesson: str
    last_leaves_at: datetime | None  # when limits let the last of what is due leave; None: they do not hold it up
    oldest_at: datetime | None = None  # since when the first of what is due waits
    connections: int = 0  # that workers hold to it now


def stands(workspace: Workspace) -> list[ServerStand]:
    """The workspace's servers that have a queue, the default server first; four queries."""
    outlets = _outlets().filter(Q(server__workspace=workspace) | Q(server=None))
    return _stands(list(outlets.order_by("server__priority", "server__name", "pk")), workspace)


def stand_of(server: OutgoingServer) -> ServerStand | None:
    """The queue of one server; None while it never had any mail."""
    return next(iter(_stands(list(_outlets().filter(server=server)), server.workspace)), None)


def _outlets() -> QuerySet[Outlet]:
    """Without the servers' secrets, which may be unreadable."""
    return Outlet.objects.select_related("server").defer("server__password", "server__client_key")


def closed_outlets(workspace: Workspace) -> dict[int | None, Outlet]:
    """Those that a fault keeps closed now, by their server's key (None: the default server); one query."""
    closed = Outlet.objects.filter(Q(server__workspace=workspace) | Q(server=None), closed_until__gt=Now())
    return {outlet.server_id: outlet for outlet in closed}


@dataclass(frozen=True, slots=True)
class _Queue:
    """What waits in one stream of an outlet."""

    due: int = 0
    later: int = 0
    oldest_at: datetime | None = None


def _stands(outlets: Sequence[Outlet], workspace: Workspace) -> list[ServerStand]:
    now = datetime.now(UTC)
    limits, daily = {outlet.pk: list(_limits(outlet)) for outlet in outlets}, daily_use(workspace, now=now)
    seconds = longest([limit for found in limits.values() for limit, _ in found])
    queues, spent = _queues(outlets, workspace), _spent(outlets, workspace, seconds=seconds, now=now)
    shares = Share.objects.filter(outlet__in=outlets, until__gt=now).values_list("outlet")
    connections = dict(shares.annotate(sum=Sum("connections")).order_by())
    return [
        replace(
            _within_day(
                _stand(outlet, queues.get(outlet.pk, {}), limits[outlet.pk], spent=spent.get(outlet.pk, []), now=now),
                daily if _is_platform(outlet) else None,
            ),
            connections=connections.get(outlet.pk, 0),
        )
        for outlet in outlets
    ]


def _stand(
    outlet: Outlet, queues: dict[str, _Queue], limits: list[tuple[Limit, bool]], *, spent: list[Spent], now: datetime
) -> ServerStand:
    by_stream = {stream: queues.get(stream, _Queue()) for stream in Stream.values}
    due = {stream: found.due for stream, found in by_stream.items()}
    is_closed = outlet.closed_until is not None and outlet.closed_until > now
    return ServerStand(
        server=outlet.server.name if outlet.server else DEFAULT_SERVER_NAME,
        due=due,
        later={stream: found.later for stream, found in by_stream.items()},
        limits=tuple(
            LimitUse(limit.messages, limit.seconds, _used(limit, spent), is_learned) for limit, is_learned in limits
        ),
        closed_until=outlet.closed_until if is_closed else None,
        fault=outlet.fault if is_closed else "",
        fallback=outlet.fallback if is_closed else "",
        lesson=outlet.lesson if any(is_learned for _, is_learned in limits) else "",
        last_leaves_at=_last(due, [limit for limit, _ in limits], spent, now),
        oldest_at=min((found.oldest_at for found in by_stream.values() if found.oldest_at), default=None),
    )


def _within_day(stand: ServerStand, daily: DailyUse | None) -> ServerStand:
    """With the daily limit of the platform's server, where there is one, as put_off.sql keeps it."""
    if daily is None:
        return stand
    limit = LimitUse(daily.limit, DAY_S, daily.used, starts_anew_at=daily.starts_anew_at)
    per_day = int(daily.limit * (MASS_SHARE if stand.due[Stream.MASS] else 1.0))
    days = days_to_wait(sum(stand.due.values()), used=daily.used, per_day=per_day)
    turn = daily.starts_anew_at + timedelta(days=days - 1) if days else None
    last = max((moment for moment in (turn, stand.last_leaves_at) if moment), default=None)
    return replace(stand, limits=(limit, *stand.limits), last_leaves_at=last)


def _is_platform(outlet: Outlet) -> bool:
    server = outlet.server
    return server is None or server.authentication == OutgoingServer.Authentication.DEFAULT_SERVER


def _queues(outlets: Sequence[Outlet], workspace: Workspace) -> dict[int, dict[str, _Queue]]:
    """By outlet and stream."""
    is_due = Q(due_at__lte=Now())
    rows = (
        queue.waiting(outlets)
        .filter(workspace=workspace)
        .values_list("lane__outlet", "lane__stream")
        .annotate(
            due=Count("pk", filter=is_due), later=Count("pk", filter=~is_due), oldest=Min("due_at", filter=is_due)
        )
    )
    found: dict[int, dict[str, _Queue]] = {}
    for outlet, stream, *counts in rows.order_by():
        found.setdefault(outlet, {})[stream] = _Queue(*counts)
    return found


def _limits(outlet: Outlet) -> Iterator[tuple[Limit, bool]]:
    """What is in force in any so many seconds, and whether it was learned."""
    server = outlet.server
    if server is not None:
        yield from ((limit, False) for limit in limits_of(server))
    if outlet.learned_per_minute is not None and outlet.learned_at is not None:
        age = (datetime.now(UTC) - outlet.learned_at).total_seconds()
        if (per_minute := recovered(outlet.learned_per_minute, age)) is not None:
            yield Limit(per_minute, MINUTE_S), True


def _spent(outlets: Sequence[Outlet], workspace: Workspace, *, seconds: float, now: datetime) -> dict[int, list[Spent]]:
    """By outlet."""
    rows = Usage.objects.filter(outlet__in=outlets, workspace=workspace, at__gt=now - timedelta(seconds=seconds))
    found: dict[int, list[Spent]] = {}
    for outlet, at, count in rows.values_list("outlet", "at").annotate(all=Sum("messages")).order_by():
        found.setdefault(outlet, []).append(Spent(max((now - at).total_seconds(), 0.0), count))
    return found


def _used(limit: Limit, spent: list[Spent]) -> int:
    return max(0, sum(entry.messages for entry in spent if entry.age_s < limit.seconds))


def _last(due: dict[str, int], limits: list[Limit], spent: list[Spent], now: datetime) -> datetime | None:
    """Mass mail has its share of each limit, and transactional mail goes before it."""
    waiting = sum(due.values())
    share = MASS_SHARE if due[Stream.MASS] else 1.0
    seconds = forecast(limits, spent, waiting=waiting, share=share) if limits and waiting else 0.0
    return now + timedelta(seconds=seconds) if seconds else None
