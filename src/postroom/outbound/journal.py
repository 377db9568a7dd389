"""How the results of many connections reach the database together: group commit.

A connection may talk about its next message only after its last result and the start of the next are committed, so a
killed worker leaves at most one message per connection in doubt.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import structlog
from psycopg_pool import AsyncConnectionPool

from postroom.jobs import DATABASE_AWAY
from postroom.outbound.outcome import Result
from postroom.outbound.statements import statement

log = structlog.get_logger()
RETRY_SECONDS = 0.5  # PostgreSQL away: nothing may be forgotten, so it is tried until it is back


@dataclass(slots=True)
class _Batch:
    """What one commit writes; `written` ends with the deliveries that were begun."""

    results: list[Result] = field(default_factory=list)
    starting: set[int] = field(default_factory=set)
    # Tells its own starts, whose commit may have to be repeated, from those of another batch.
    begun_at: datetime = field(default_factory=partial(datetime.now, UTC))
    written: "asyncio.Task[frozenset[int]] | None" = None


class Journal:
    """Writes for one worker. Whatever arrives while a commit is under way goes into the next one."""

    def __init__(self, pool: AsyncConnectionPool, worker: UUID, stopping: asyncio.Event) -> None:
        """Once `stopping`, results are still brought to PostgreSQL however long it is away; nothing is begun then."""
        self._pool = pool
        self._worker = worker
        self._stopping = stopping
        self._collecting: _Batch | None = None
        self._committing = asyncio.Lock()

    async def turn(self, results: Sequence[Result], starting: Sequence[int]) -> frozenset[int]:
        """Commit `results` and the start of deliveries `starting`; those of the latter that may be talked about.

        Not what the worker has lost meanwhile, nor what another of its carriers has begun: a worker that was silent for
        too long may claim anew what it still has ready.
        """
        if not results and not starting:
            return frozenset()
        batch = self._collecting = self._collecting or _Batch()
        batch.results += results
        mine = set(starting) - batch.starting
        batch.starting |= mine
        batch.written = batch.written or asyncio.create_task(self._write(batch))
        # Shielded: a carrier that is cancelled must not take the others' results along.
        begun = await asyncio.shield(batch.written)
        return begun & mine

    async def _write(self, batch: _Batch) -> frozenset[int]:
        async with self._committing:
            self._collecting = None
            while True:
                try:
                    return await self._commit(batch)
                except DATABASE_AWAY as error:
                    if self._stopping.is_set() and not batch.results:
                        return frozenset()
                    log.warning("journal.delayed", error=str(error).strip(), results=len(batch.results))
                    await asyncio.sleep(RETRY_SECONDS)

    async def _commit(self, batch: _Batch) -> frozenset[int]:
        # As JSON: psycopg takes longer to write nine arrays than PostgreSQL to read this.
        arguments = {
            "worker": self._worker,
            "results": json.dumps([_row(result) for result in batch.results]),
            "starting": list(batch.starting),
            "begun_at": batch.begun_at,
        }
        async with self._pool.connection() as database:
            cursor = await database.execute(statement("turn"), arguments)
            return frozenset(delivery for (delivery,) in await cursor.fetchall())


def _row(result: Result) -> dict[str, object]:
    return {
        "id": result.delivery,
        "status": result.status,
        "delay": result.delay,
        "lifetime": result.lifetime,
        "code": result.reply_code,
        "reply": result.reply_text,
        "reason": result.reason,
        "server": result.server,
        "cause": result.cause,
        "dialog": result.dialog,
    }
