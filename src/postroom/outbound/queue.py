"""How deliveries wait, are claimed by workers and come back: the rows of the queue.

Everything here is short: no transaction stays open while a server is talked to. What takes a `database` is the workers'
side: asyncio connections with autocommit, one statement a step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, Count, F, QuerySet, Value, When
from django.db.models.functions import Now
from psycopg import AsyncConnection
from psycopg.rows import class_row

from postroom.outbound.haste import hurried
from postroom.outbound.models import Delivery, Lane, Outlet, Stream
from postroom.outbound.statements import statement
from postroom.policy.status import WAITING, Status, leading_to
from postroom.workspaces.models import Workspace

# A claim counts as an attempt; when it comes to nothing, it does not.
_ATTEMPTS_MADE = F("attempts") - Case(When(status=Status.ACTIVE, then=1), default=0)
RESEND_SECONDS = hurried(60)  # after an unknown outcome; twice as long after the second
_lanes: dict[tuple[int | None, str], int] = {}
DAILY_LIMIT_REASON = "The default server's limit"
SUSPENDED_REASON = "The workspace is suspended"
SUSPENDED_LOOK_SECONDS = 3600.0  # mail of a suspended workspace is looked at again after this, and waits again
BEFORE_ALL = -(1 << 63)  # no flow is less


def announce(lane: int) -> None:
    """Let the workers hear, once the transaction is committed, that there is mail in the lane."""
    # Not inside of it: PostgreSQL lets transactions that notify commit one after the other, each waiting for the disk.
    # (enqueue.sql does it where a commit is shared: one after the other then costs less than a statement more.)
    # A notice that is lost with its process is made up for by the workers' sweep.
    transaction.on_commit(partial(_notify, lane), robust=True)


def _notify(lane: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify('postroom_lane', outlet_id || '/' || id) FROM outbound_lane WHERE id = %s", [lane]
        )


def move(message_id: UUID, *, lane: int) -> None:
    """Let the unsent deliveries of a message, claimed ones included, wait in another lane; its drainers are woken."""
    _unsent(message_id, Status.HELD).update(
        lane_id=lane, status=Status.QUEUED, claimed_by=None, attempts=_ATTEMPTS_MADE
    )
    announce(lane)


def hold(message_id: UUID, *, reason: str) -> None:
    """Let the unsent deliveries of a message wait for a person."""
    _unsent(message_id, Status.HELD).update(status=Status.HELD, claimed_by=None, attempts=_ATTEMPTS_MADE, reason=reason)


def hold_all(*, reason: str) -> int:
    """Let everything that has not ended wait for a person, whoever had claimed it; how many deliveries that were."""
    unfinished = Delivery.objects.filter(status__in=leading_to(Status.HELD))
    return unfinished.update(
        status=Status.HELD, claimed_by=None, talking_since=None, attempts=_ATTEMPTS_MADE, reason=reason
    )


def _unsent(message_id: UUID, after: Status) -> QuerySet[Delivery]:
    """Those waiting, or claimed but not begun, which may become or stay `after`."""
    waiting = (leading_to(after) | {after}) & {*WAITING, Status.ACTIVE}
    return Delivery.objects.filter(message_id=message_id, status__in=waiting, talking_since__isnull=True)


def lane_of(server_id: int | None, stream: str) -> int:
    """The lane of a server (None: the default server); made when first needed, never removed while the server lives."""
    key = (server_id, stream)
    if (known := _lanes.get(key)) is not None:
        return known
    outlet = Outlet.objects.get_or_create(server_id=server_id)[0]
    found = {lane_stream: Lane.objects.get_or_create(outlet=outlet, stream=lane_stream)[0].pk for lane_stream in Stream}
    lanes = {(server_id, lane_stream.value): lane for lane_stream, lane in found.items()}
    transaction.on_commit(lambda: _lanes.update(lanes))  # after a roll-back they are not there
    return lanes[key]


def flow_of(workspace_id: int, stream: str, campaign: str) -> int:
    """Who takes turns with whom inside a lane: a workspace's transactional mail, each of its campaigns."""
    if stream == Stream.TRANSACTIONAL:
        return workspace_id
    digest = blake2b(f"{workspace_id}/{campaign}".encode(), digest_size=8).digest()
    return -(int.from_bytes(digest) >> 1)  # negative: no campaign meets a workspace


def waiting(outlets: Sequence[Outlet]) -> QuerySet[Delivery]:
    """What waits for its turn, or for another attempt, in the lanes of the outlets."""
    return Delivery.objects.filter(lane__in=Lane.objects.filter(outlet__in=outlets), status__in=sorted(WAITING))


def bring_forward(workspace: Workspace, reason: str = DAILY_LIMIT_REASON) -> None:
    """Let what was put off for a reason be due now: that is over, or the default server's daily limit has changed."""
    put_off = Delivery.objects.filter(
        workspace=workspace, status=Status.DEFERRED, due_at__gt=Now(), reason__startswith=reason
    )
    lanes = list(put_off.values_list("lane", flat=True).distinct())
    put_off.update(due_at=Now(), reason="", status=Status.QUEUED)
    for lane in lanes:
        announce(lane)


def prolong(workspace: Workspace, more: timedelta) -> None:
    """Let all that waits be tried for so much longer."""
    waiting = Delivery.objects.filter(workspace=workspace, status__in=sorted(WAITING))
    waiting.update(expires_at=F("expires_at") + Value(more))


def waiting_by_workspace(workspaces: Sequence[int]) -> dict[int, int]:
    """How many deliveries wait, of workspaces that have any."""
    waiting = Delivery.objects.filter(workspace__in=workspaces, status__in=sorted(WAITING))
    return dict(waiting.values_list("workspace").annotate(count=Count("pk")).order_by())


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery this worker has taken."""

    id: int
    message_id: UUID
    recipient: str
    attempts: int  # this one included
    submitted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Flow:
    """Whose turn it is in a lane."""

    id: int
    workspace_id: int
    is_suspended: bool = False


async def next_flows(database: AsyncConnection, lane: int, *, after: int, limit: int) -> list[Flow]:
    """Flows of the lane with waiting mail, in a circle after the one served last."""
    cursor = await database.execute(statement("next_flows"), {"lane": lane, "after": after, "limit": limit})
    found = [Flow(*row) for row in await cursor.fetchall()]
    if len(found) == limit or after == BEFORE_ALL:
        return found
    start_anew = await next_flows(database, lane, after=BEFORE_ALL, limit=limit - len(found))
    return found + [flow for flow in start_anew if flow.id <= after]


async def claim_due(
    database: AsyncConnection, *, outlet: int, lane: int, worker: UUID, most: Mapping[int, int]
) -> list[Claimed] | None:
    """Deliveries that are due, `most` so many of each flow, most urgent first; theirs until recorded or given back.

    None when there were some, but all for domains that are to be left alone for now.
    """
    turns = {"flows": list(most), "most": list(most.values()), "limit": sum(most.values())}
    arguments = {"outlet": outlet, "lane": lane, "worker": worker, **turns}
    cursor = await database.execute(statement("claim_due"), arguments)
    rows = await cursor.fetchall()
    claimed = [Claimed(*row[:-1]) for row in rows if row[-1]]
    return None if rows and not claimed else claimed


async def release(database: AsyncConnection, lanes: Sequence[int], *, worker: UUID, reason: str) -> list[int]:
    """Give back what the worker claimed in lanes, due as before; call it when no carrier is at work any more.

    With a `reason` (the server has a fault) it shows as deferred, and leaves when the outlet is open again. The
    deliveries that did not leave.
    """
    arguments = {"lanes": list(lanes), "worker": worker, "reason": reason}
    cursor = await database.execute(statement("release"), arguments)
    return [delivery for (delivery,) in await cursor.fetchall()]


async def put_off(database: AsyncConnection, lane: int, flow: int, *, per_day: int, reason: str) -> None:
    """Let what a flow has due leave on later days, `per_day` on each."""
    arguments = {"lane": lane, "flow": flow, "per_day": per_day, "reason": reason}
    await database.execute(statement("put_off"), arguments)


async def set_aside(database: AsyncConnection, lane: int, flows: Sequence[int]) -> None:
    """Let what flows of suspended workspaces have due wait, and say why."""
    arguments = {"lane": lane, "flows": list(flows), "reason": SUSPENDED_REASON, "wait": SUSPENDED_LOOK_SECONDS}
    await database.execute(statement("set_aside"), arguments)


async def seconds_to_next(database: AsyncConnection, lanes: Sequence[int]) -> float | None:
    """How long until something in the lanes is due; None when nothing waits."""
    cursor = await database.execute(statement("next_due"), {"lanes": list(lanes)})
    row = await cursor.fetchone()
    return None if row is None or row[0] is None else float(row[0])


async def beat(database: AsyncConnection, worker: UUID, *, name: str) -> None:
    """Say that the worker lives."""
    await database.execute(
        "INSERT INTO outbound_worker (id, name) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET beat_at = now()",
        [worker, name],
    )


async def sign_off(database: AsyncConnection, worker: UUID) -> None:
    """Take a stopped worker off the list; all it had is recorded or released."""
    await database.execute("DELETE FROM outbound_worker WHERE id = %s", [worker])


async def recover(database: AsyncConnection, *, silence: float) -> int:
    """Take over what workers held that were silent for `silence` seconds; how many deliveries that were."""
    cursor = await database.execute(statement("recover"), {"silence": silence})
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def settle_unknown(database: AsyncConnection) -> None:
    """Send again or hold what may have arrived, as its workspace wants."""
    await database.execute(statement("settle_unknown"), {"wait": RESEND_SECONDS})


async def outdated_messages(database: AsyncConnection, lane: int) -> list[UUID]:
    """Some due messages of the lane that must be routed again before they leave."""
    cursor = await database.execute(statement("outdated_messages"), {"lane": lane})
    return [message_id for (message_id,) in await cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Facts:
    """How a message is routed, and how large it is: read_facts.sql."""

    id: UUID
    workspace_id: int
    server_id: int | None
    header_from: str
    from_rewritten: bool
    return_path: str
    reply_to: str
    routed_version: int
    size_bytes: int
    stream: str
    routing_version: int
    signs_return_path: bool


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a message: read_contents.sql."""

    message_id: UUID
    head: bytes
    body: bytes
    body_hash: bytes


async def read_facts(database: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Facts]:
    """The facts of messages, by id and in the order of `ids`; without those that are gone."""
    async with database.cursor(row_factory=class_row(Facts)) as cursor:
        await cursor.execute(statement("read_facts"), {"ids": list(ids)})
        found = {row.id: row for row in await cursor.fetchall()}
    return {message_id: found[message_id] for message_id in ids if message_id in found}


async def read_contents(database: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Content]:
    """The bytes of messages, by id. May be large: ask for few at a time."""
    async with database.cursor(row_factory=class_row(Content), binary=True) as cursor:
        await cursor.execute(statement("read_contents"), {"ids": list(ids)})
        return {row.message_id: row for row in await cursor.fetchall()}
