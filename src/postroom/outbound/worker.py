"""What one worker process holds: its name in the database, its connections, its ears for wake-ups, and its drains."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from postroom import jobs
from postroom.outbound import deliver, queue
from postroom.outbound.journal import Journal

log = structlog.get_logger()
BEAT_SECONDS = 5
# A worker silent for so long is taken for dead. Longer than a garbage collection or a busy machine, shorter than a
# person's patience.
SILENCE_SECONDS = 30
LISTEN_RETRY_SECONDS = 1
POOL_SIZE = 6  # journal, claims of a few lanes, beat: statements are short, more would only wait in PostgreSQL


class DeliveryWorker:
    """Drains lanes in this process. Use it through `running`."""

    def __init__(self, conninfo: str) -> None:
        self.id: UUID = uuid4()
        self.stopping = asyncio.Event()
        self._conninfo = conninfo
        self._pool = AsyncConnectionPool(
            conninfo, min_size=1, max_size=POOL_SIZE, open=False, kwargs={"autocommit": True}
        )
        self._journal = Journal(self._pool, self.id)
        self._draining: dict[int, asyncio.Event] = {}

    async def drain(self, lane: int) -> None:
        """Deliver what is due in `lane`, wait for more, leave when it has been quiet; once a lane and process."""
        if lane in self._draining or self.stopping.is_set():
            return
        wake = self._draining[lane] = asyncio.Event()
        context = deliver.Context(self.id, self._pool, self._journal, wake, self.stopping)
        try:
            await deliver.drain(lane, context)
        finally:
            del self._draining[lane]

    async def sweep(self) -> None:
        async with self._pool.connection() as database:
            if taken := await queue.recover(database, silence=SILENCE_SECONDS):
                log.warning("deliveries.recovered", count=taken)
            lanes = await queue.undrained_lanes(database)
        for lane in lanes:
            await jobs.in_thread(queue.wake, lane)

    async def beat(self) -> None:
        """Say that this worker lives, until it stops."""
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                async with self._pool.connection() as database:
                    await queue.beat(database, self.id, name=f"{socket.gethostname()} {os.getpid()}")
            await asyncio.sleep(BEAT_SECONDS)

    async def listen(self) -> None:
        """Pass wake-ups of submitters on to the drains of this process."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute("LISTEN postroom_lane")
                    for drain in self._draining.values():  # they may have missed one
                        drain.set()
                    async for notice in connection.notifies():
                        if wake := self._draining.get(int(notice.payload)):
                            wake.set()
            except psycopg.OperationalError as error:
                log.warning("worker.deafened", error=str(error).strip())
                await asyncio.sleep(LISTEN_RETRY_SECONDS)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Connected, listed and listening; on leaving, out of the list: nothing of it must be recovered."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._pool)
            async with self._pool.connection() as database:
                await queue.beat(database, self.id, name=f"{socket.gethostname()} {os.getpid()}")
            tasks = [asyncio.create_task(self.beat()), asyncio.create_task(self.listen())]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                async with self._pool.connection() as database:
                    await queue.sign_off(database, self.id)


_current: DeliveryWorker | None = None


def current() -> DeliveryWorker:
    """The worker of this process; jobs call it."""
    if _current is None:
        raise RuntimeError("outbound jobs run in `postroom worker` only")
    return _current


@asynccontextmanager
async def running(conninfo: str) -> AsyncIterator[DeliveryWorker]:
    """Make this process a delivery worker while the context lasts."""
    global _current  # noqa: PLW0603 – procrastinate calls tasks as plain functions
    _current = DeliveryWorker(conninfo)
    try:
        async with _current.open():
            yield _current
    finally:
        _current = None
