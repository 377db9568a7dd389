"""How workers share a server: who may use how many connections, how fast, and whether it is closed by a fault.

The workers' side, as in queue.py: asyncio connections with autocommit. Decisions that several workers make about one
outlet are taken under the lock of its row, a few times a second at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connection
from psycopg import AsyncConnection

from postroom.outbound.haste import hurried
from postroom.outbound.lessons import Lesson
from postroom.outbound.statements import statement
from postroom.outbound.target import DEFAULT_CONNECTIONS
from postroom.policy.pacing import Limit, Spent, longest, recovered

FIRST_CLOSURE = hurried(
    15
)  # seconds an outlet stays closed after its server's first fault; doubles with each further one
HELP_AFTER = hurried(3)  # mail due so long although a worker is at it: one more may help


@dataclass(frozen=True, slots=True)
class Share:
    """The connections a worker may use, `of` so many for all; `per_minute`: a pace learned from refusals, or None."""

    connections: int
    of: int
    per_minute: int | None


async def lock(database: AsyncConnection, outlet: int, *, is_platform: bool = False) -> None:
    """Until the end of the transaction nobody else decides about the outlet; `is_platform`: nor about its quota."""
    await database.execute(statement("lock_outlet"), {"outlet": outlet, "is_platform": is_platform})


async def take_share(
    database: AsyncConnection, outlet: int, *, worker: UUID, in_use: int, seconds: float, helps: bool
) -> Share | None:
    """Take or renew the worker's part of the connections, for so long.

    None when the outlet is closed, has no place for one more worker, or somebody is at it already and one more does not
    help. A share may have no connection yet: others let go of theirs with their next renewal.
    """
    arguments = {"outlet": outlet, "worker": worker, "in_use": in_use, "seconds": seconds, "helps": helps}
    async with database.transaction():
        await lock(database, outlet)
        whole = await _read(database, outlet)
        if whole is None:
            return None
        cursor = await database.execute(statement("take_share"), {**arguments, "most": whole.of})
        row = await cursor.fetchone()
    return None if row is None else replace(whole, connections=int(row[0]))


async def _read(database: AsyncConnection, outlet: int) -> Share | None:
    """All there is to share; None while a fault keeps the outlet closed."""
    arguments = {"outlet": outlet, "default_connections": DEFAULT_CONNECTIONS}
    cursor = await database.execute(statement("read_outlet"), arguments)
    row = await cursor.fetchone()
    if row is None or not row[0]:
        return None
    _, connections, learned_connections, learned_per_minute, learned_age = row
    if learned_connections is not None:
        connections = min(connections, recovered(learned_connections, learned_age) or connections)
    per_minute = None if learned_per_minute is None else recovered(learned_per_minute, learned_age)
    return Share(connections, connections, per_minute)


async def leave(database: AsyncConnection, outlet: int, *, worker: UUID) -> None:
    """Give the worker's share back."""
    await database.execute("DELETE FROM outbound_share WHERE outlet_id = %s AND worker = %s", [outlet, worker])


async def close(
    database: AsyncConnection, outlet: int, *, fault: str, version: int | None, least: float = 0
) -> float | None:
    """Let nobody send for `least` seconds or more, or until the workspace's settings are newer than `version`.

    How long; None when the outlet is closed already.
    """
    arguments = {"outlet": outlet, "fault": fault, "version": version, "first": FIRST_CLOSURE, "least": least}
    cursor = await database.execute(statement("close_outlet"), arguments)
    row = await cursor.fetchone()
    return None if row is None else float(row[0])


async def reopen(database: AsyncConnection, outlet: int) -> None:
    """The server works: forget its faults."""
    await database.execute(
        "UPDATE outbound_outlet SET closed_until = NULL, faults = 0, fault = '', fallback = ''"
        " WHERE id = %s AND faults > 0",
        [outlet],
    )


async def learn(database: AsyncConnection, outlet: int, lesson: Lesson) -> None:
    """Keep what the server taught by its answers."""
    if lesson.pause is not None:
        arguments = {"outlet": outlet, "domain": lesson.pause, "reason": lesson.words}
        await database.execute(statement("pause_domain"), arguments)
    elif lesson.resume is not None:
        await database.execute(
            "DELETE FROM outbound_domainpause WHERE outlet_id = %s AND domain = %s", [outlet, lesson.resume]
        )
    else:
        await database.execute(
            "UPDATE outbound_outlet SET learned_per_minute = COALESCE(%s, learned_per_minute),"
            " learned_connections = COALESCE(%s, learned_connections), learned_at = now(), lesson = %s WHERE id = %s",
            [lesson.per_minute, lesson.connections, lesson.words, outlet],
        )


async def with_work(database: AsyncConnection, worker: UUID) -> list[tuple[int, bool]]:
    """Outlets with due mail that the worker may send, and whether others are at them already."""
    arguments = {"worker": worker, "patience": HELP_AFTER}
    cursor = await database.execute(statement("outlets_with_work"), arguments)
    return [(outlet, busy) for outlet, busy in await cursor.fetchall()]


async def read_usage(database: AsyncConnection, outlet: int, *, limits: Sequence[Limit]) -> list[Spent]:
    """The ledger of an outlet, as far back as `limits` look."""
    seconds = longest(limits)
    cursor = await database.execute(statement("read_usage"), {"outlet": outlet, "seconds": seconds})
    return [Spent(max(age, 0.0), messages) for age, messages in await cursor.fetchall()]


async def count_usage(database: AsyncConnection, outlet: int, deliveries: Sequence[int], *, sign: int = 1) -> None:
    """Enter deliveries in the ledger; with `sign` -1 they are given back."""
    if deliveries:
        arguments = {"outlet": outlet, "deliveries": deliveries, "sign": sign}
        await database.execute(statement("count_usage"), arguments)


def fold_usage() -> None:
    """Keep the ledger small: a row a minute after two minutes, a row a day after the longest limit has passed."""
    with connection.cursor() as cursor:
        for unit, seconds in (("minute", 120), ("day", 25 * 3600)):
            cursor.execute(statement("fold_usage"), {"unit": unit, "seconds": seconds})
        # One that was over a day ago says nothing of the next.
        cursor.execute("DELETE FROM outbound_domainpause WHERE until < now() - interval '1 day'")


async def platform_use(database: AsyncConnection, workspaces: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of workspaces with a daily limit of the default server: the limit, and what they used of it today."""
    cursor = await database.execute(statement("platform_use"), {"workspaces": list(workspaces)})
    return {workspace: (limit, used) for workspace, limit, used in await cursor.fetchall()}
