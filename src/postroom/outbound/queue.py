"""How deliveries wait, are claimed by workers and come back: the rows of the queue.

Everything here is short: no transaction stays open while a server is talked to. What takes a `database` is the workers'
side: asyncio connections with autocommit, one statement a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, QuerySet, When
from psycopg import AsyncConnection
from psycopg.rows import class_row

from postroom.outbound.models import Delivery, Lane
from postroom.outbound.statements import statement
from postroom.policy.status import WAITING, Status, leading_to

# A claim counts as an attempt; when it comes to nothing, it does not.
_ATTEMPTS_MADE = F("attempts") - Case(When(status=Status.ACTIVE, then=1), default=0)
_lanes: dict[tuple[int | None, str], int] = {}
FIRST_CLOSURE = 15.0  # seconds a lane stays closed after its server's first fault; doubles with each further one


def announce(lane: int) -> None:
    """Let the workers hear, once the transaction is committed, that there is mail in the lane."""
    # Not inside of it: PostgreSQL lets transactions that notify commit one after the other, each waiting for the disk.
    # A notice that is lost with its process is made up for by the workers' sweep.
    transaction.on_commit(partial(_notify, lane), robust=True)


def _notify(lane: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('postroom_lane', %s)", [str(lane)])


def move(message_id: UUID, *, lane: int) -> None:
    """Let the unsent deliveries of a message, claimed ones included, wait in another lane; its drainers are woken."""
    _unsent(message_id, Status.HELD).update(
        lane_id=lane, status=Status.QUEUED, claimed_by=None, attempts=_ATTEMPTS_MADE
    )
    announce(lane)


def hold(message_id: UUID, *, reason: str) -> None:
    """Let the unsent deliveries of a message wait for a person."""
    _unsent(message_id, Status.HELD).update(status=Status.HELD, claimed_by=None, attempts=_ATTEMPTS_MADE, reason=reason)


def _unsent(message_id: UUID, after: Status) -> QuerySet[Delivery]:
    """Those waiting, or claimed but not begun, which may become or stay `after`."""
    waiting = (leading_to(after) | {after}) & {*WAITING, Status.ACTIVE}
    return Delivery.objects.filter(message_id=message_id, status__in=waiting, talking_since__isnull=True)


def lane_of(server_id: int | None, stream: str) -> int:
    """The lane of a server (None: the default server); made when first needed, never removed while the server lives."""
    key = (server_id, stream)
    if (known := _lanes.get(key)) is not None:
        return known
    lane = Lane.objects.get_or_create(server_id=server_id, stream=stream)[0].pk
    transaction.on_commit(lambda: _lanes.update({key: lane}))  # after a roll-back it is not there
    return lane


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery this worker has taken."""

    id: int
    message_id: UUID
    recipient: str
    attempts: int  # this one included
    submitted_at: datetime
    expires_at: datetime


async def claim_due(database: AsyncConnection, *, lane: int, worker: UUID, limit: int) -> list[Claimed]:
    """Up to `limit` deliveries that are due, most urgent first; theirs until recorded, released or recovered."""
    cursor = await database.execute(statement("claim_due"), {"lane": lane, "worker": worker, "limit": limit})
    return [Claimed(*row) for row in await cursor.fetchall()]


async def release(database: AsyncConnection, lane: int, *, worker: UUID, reason: str) -> None:
    """Give back what the worker claimed in a lane, due as before; call it when no carrier is at work any more.

    With a `reason` (the server has a fault) it shows as deferred, and leaves when the lane is open again.
    """
    arguments = {"lane": lane, "worker": worker, "reason": reason}
    await database.execute(statement("release"), arguments)


async def close_lane(database: AsyncConnection, lane: int, *, fault: str, version: int | None) -> float:
    """Let nobody drain the lane for a while, or until the workspace's settings are newer than `version`; how long."""
    arguments = {"lane": lane, "fault": fault, "version": version, "first": FIRST_CLOSURE}
    cursor = await database.execute(statement("close_lane"), arguments)
    row = await cursor.fetchone()
    return float(row[0]) if row else FIRST_CLOSURE


async def reopen_lane(database: AsyncConnection, lane: int) -> None:
    """The server works: forget its faults."""
    await database.execute(
        "UPDATE outbound_lane SET closed_until = NULL, faults = 0, fault = '' WHERE id = %s AND faults > 0", [lane]
    )


async def seconds_to_next(database: AsyncConnection, lane: int) -> float | None:
    """How long until something in the lane is due; None when nothing waits."""
    cursor = await database.execute(statement("next_due"), {"lane": lane})
    row = await cursor.fetchone()
    return None if row is None or row[0] is None else float(row[0])


async def take_lane(database: AsyncConnection, lane: int, *, seconds: float) -> bool:
    """Become the one who drains the lane, for so long; False when somebody does, or a fault keeps it closed."""
    cursor = await database.execute(statement("take_lane"), {"lane": lane, "seconds": seconds})
    return await cursor.fetchone() is not None


async def hold_lane(database: AsyncConnection, lane: int, *, seconds: float) -> None:
    """Keep the lane for so long from now; 0 gives it up."""
    await database.execute(
        "UPDATE outbound_lane SET drained_until = now() + make_interval(secs => %s) WHERE id = %s", [seconds, lane]
    )


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
    await database.execute(statement("settle_unknown"))


async def undrained_lanes(database: AsyncConnection) -> list[int]:
    """Lanes with due mail that nobody drains."""
    cursor = await database.execute(statement("undrained_lanes"))
    return [lane for (lane,) in await cursor.fetchall()]


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
