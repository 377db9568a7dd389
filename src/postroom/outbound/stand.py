"""How does the queue of each server stand: what waits, why, and when will the last of it leave?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q, Sum
from django.db.models.functions import Now

from postroom.outbound import queue
from postroom.outbound.models import Outlet, Stream, Usage
from postroom.outbound.target import limits_of
from postroom.policy.pacing import DAY_S, MASS_SHARE, MINUTE_S, Limit, Spent, forecast, longest, recovered
from postroom.servers.endpoints import DEFAULT_SERVER_NAME
from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit in force: so many in any `seconds`, of which `used` are spent. `learned`: by the server's refusals."""

    messages: int
    seconds: float
    used: int
    learned: bool = False


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


def stands(workspace: Workspace) -> list[ServerStand]:
    """The workspace's servers that have a queue, the default server first."""
    outlets = Outlet.objects.select_related("server").filter(Q(server__workspace=workspace) | Q(server=None))
    return [_stand(outlet, workspace) for outlet in outlets.order_by("server__priority", "server__name", "pk")]


def stand_of(server: OutgoingServer) -> ServerStand | None:
    """The queue of one server; None while it never had any mail."""
    outlet = Outlet.objects.select_related("server").filter(server=server).first()
    return None if outlet is None else _stand(outlet, server.workspace)


def closed_outlets(workspace: Workspace) -> dict[int | None, Outlet]:
    """Those that a fault keeps closed now, by their server's key (None: the default server); one query."""
    closed = Outlet.objects.filter(Q(server__workspace=workspace) | Q(server=None), closed_until__gt=Now())
    return {outlet.server_id: outlet for outlet in closed}


def _stand(outlet: Outlet, workspace: Workspace) -> ServerStand:
    due, later = _waiting(outlet, workspace)
    limits = list(_limits(outlet, workspace))
    now = datetime.now(UTC)
    spent = _spent(outlet, workspace, seconds=longest([limit for limit, _ in limits]), now=now)
    is_closed = outlet.closed_until is not None and outlet.closed_until > now
    return ServerStand(
        server=outlet.server.name if outlet.server else DEFAULT_SERVER_NAME,
        due=due,
        later=later,
        limits=tuple(
            LimitUse(limit.messages, limit.seconds, _used(limit, spent), is_learned) for limit, is_learned in limits
        ),
        closed_until=outlet.closed_until if is_closed else None,
        fault=outlet.fault if is_closed else "",
        fallback=outlet.fallback if is_closed else "",
        lesson=outlet.lesson if any(is_learned for _, is_learned in limits) else "",
        last_leaves_at=_last(due, [limit for limit, _ in limits], spent, now),
    )


def _waiting(outlet: Outlet, workspace: Workspace) -> tuple[dict[str, int], dict[str, int]]:
    rows = (
        queue.waiting(outlet)
        .filter(workspace=workspace)
        .values_list("lane__stream")
        .annotate(due=Count("pk", filter=Q(due_at__lte=Now())), later=Count("pk", filter=Q(due_at__gt=Now())))
    )
    found = {stream: (due, later) for stream, due, later in rows}
    return {s: found.get(s, (0, 0))[0] for s in Stream.values}, {s: found.get(s, (0, 0))[1] for s in Stream.values}


def _limits(outlet: Outlet, workspace: Workspace) -> Iterator[tuple[Limit, bool]]:
    """What is in force, and whether it was learned."""
    server = outlet.server
    if server is not None:
        yield from ((limit, False) for limit in limits_of(server))
    is_platform = server is None or server.authentication == OutgoingServer.Authentication.DEFAULT_SERVER
    if is_platform and workspace.default_server_daily_limit:
        yield Limit(workspace.default_server_daily_limit, DAY_S), False
    if outlet.learned_per_minute is not None and outlet.learned_at is not None:
        age = (datetime.now(UTC) - outlet.learned_at).total_seconds()
        if (per_minute := recovered(outlet.learned_per_minute, age)) is not None:
            yield Limit(per_minute, MINUTE_S), True


def _spent(outlet: Outlet, workspace: Workspace, *, seconds: float, now: datetime) -> list[Spent]:
    rows = Usage.objects.filter(outlet=outlet, workspace=workspace, at__gt=now - timedelta(seconds=seconds))
    counts = rows.values_list("at").annotate(all=Sum("messages"))
    return [Spent(max((now - at).total_seconds(), 0.0), count) for at, count in counts]


def _used(limit: Limit, spent: list[Spent]) -> int:
    return max(0, sum(entry.messages for entry in spent if entry.age_s < limit.seconds))


def _last(due: dict[str, int], limits: list[Limit], spent: list[Spent], now: datetime) -> datetime | None:
    """Mass mail has its share of each limit, and transactional mail goes before it."""
    waiting = sum(due.values())
    share = MASS_SHARE if due[Stream.MASS] else 1.0
    seconds = forecast(limits, spent, waiting=waiting, share=share) if limits and waiting else 0.0
    return now + timedelta(seconds=seconds) if seconds else None
