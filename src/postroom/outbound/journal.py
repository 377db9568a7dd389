"""How the results of many connections reach the database together: group commit.

A connection may talk about its next message only after its last result and the start of the next are committed, so a
killed worker leaves at most one message per connection in doubt.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from postroom.outbound.outcome import Result
from postroom.outbound.statements import statement

log = structlog.get_logger()
RETRY_SECONDS = 0.5  # PostgreSQL away: nothing may be forgotten, so it is tried until it is back


@dataclass(slots=True)
class _Entry:
    results: Sequence[Result]
    starting: Sequence[int]
    done: "asyncio.Future[frozenset[int]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Journal:
    """Writes for one worker. Whatever arrives while a commit is under way goes into the next one."""

    def __init__(self, pool: AsyncConnectionPool, worker: UUID) -> None:
        self._pool = pool
        self._worker = worker
        self._waiting: list[_Entry] = []
        self._writing: asyncio.Task[None] | None = None

    async def turn(self, results: Sequence[Result], starting: Sequence[int]) -> frozenset[int]:
        """Commit `results` and the start of deliveries `starting`; those of the latter that are still the worker's."""
        if not results and not starting:
            return frozenset()
        entry = _Entry(results, starting)
        self._waiting.append(entry)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await entry.done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                entries, self._waiting = self._waiting, []
                owned = await self._write(entries)
                for entry in entries:
                    if not entry.done.done():
                        entry.done.set_result(owned.intersection(entry.starting))
        finally:
            self._writing = None

    async def _write(self, entries: Sequence[_Entry]) -> frozenset[int]:
        results = [result for entry in entries for result in entry.results]
        starting = [delivery for entry in entries for delivery in entry.starting]
        while True:
            try:
                return await self._commit(results, starting)
            except psycopg.OperationalError as error:
                log.warning("journal.delayed", error=str(error).strip(), results=len(results))
                await asyncio.sleep(RETRY_SECONDS)

    async def _commit(self, results: Sequence[Result], starting: Sequence[int]) -> frozenset[int]:
        async with self._pool.connection() as database, database.transaction():
            if results:
                await database.execute(statement("record_results"), {"worker": self._worker, **_columns(results)})
            if not starting:
                return frozenset()
            arguments = {"ids": list(starting), "worker": self._worker}
            cursor = await database.execute(statement("begin"), arguments)
            return frozenset(delivery for (delivery,) in await cursor.fetchall())


def _columns(results: Sequence[Result]) -> dict[str, list[object]]:
    return {
        "ids": [r.delivery for r in results],
        "statuses": [r.status.value for r in results],
        "delays": [r.delay for r in results],
        "codes": [r.reply_code for r in results],
        "replies": [r.reply_text for r in results],
        "reasons": [r.reason for r in results],
        "servers": [r.server for r in results],
        "causes": [r.cause for r in results],
        "dialogs": [r.dialog for r in results],
    }
