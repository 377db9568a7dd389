"""What one worker process holds: its name in the database, its connections, its ears for wake-ups, and its drains."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import UUID, uuid4

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from postroom import jobs
from postroom.outbound import deliver, faults, outlets, queue
from postroom.outbound.haste import hurried
from postroom.outbound.journal import Journal

log = structlog.get_logger()
BEAT_SECONDS = hurried(5)
SWEEP_SECONDS = hurried(5)  # a deferred message leaves so long after it is due, at the latest
# A worker silent for so long is taken for dead. Longer than a garbage collection or a busy machine, shorter than a
# person's patience.
SILENCE_SECONDS = hurried(30)
LISTEN_RETRY_SECONDS = 1
GRACE_SECONDS = 25  # of the 30 that `postroom serve` gives its parts to stop
POOL_SIZE = 6  # journal, claims of a few lanes, beat: statements are short, more would only wait in PostgreSQL


class DeliveryWorker:
    """Drains lanes in this process. Nothing but `open` and `stopping` is needed from outside."""

    def __init__(self, conninfo: str) -> None:
        self.id: UUID = uuid4()
        self.stopping = asyncio.Event()
        self._conninfo = conninfo
        self._pool = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=POOL_SIZE,
            open=False,
            timeout=jobs.POOL_SECONDS,
            reconnect_timeout=jobs.POOL_SECONDS,
            kwargs={"autocommit": True},
        )
        self._journal = Journal(self._pool, self.id, self.stopping)
        self._draining: dict[int, deliver.Context] = {}  # by outlet
        self._drains: set[asyncio.Task[None]] = set()
        self._heard_at = 0.0  # when PostgreSQL last heard of this worker, by the loop's clock
        self._judges_from = 0.0  # when it may take others for dead

    async def drain(self, outlet: int, *, helps: bool = False) -> None:
        """Deliver what is due through `outlet`, wait for more, leave when it has been quiet; nothing if one does."""
        if outlet in self._draining or self.stopping.is_set():
            return
        context = self._draining[outlet] = deliver.Context(self.id, self._pool, self._journal, self.stopping)
        try:
            await deliver.drain(outlet, context, helps=helps)
        finally:
            del self._draining[outlet]

    async def sweep(self) -> None:
        """Take over the deliveries of dead workers, then drain where there is due mail and too few who do."""
        async with self._pool.connection() as database:
            await self._say_alive(database)
            may_judge = asyncio.get_running_loop().time() >= self._judges_from
            if may_judge and (taken := await queue.recover(database, silence=SILENCE_SECONDS)):
                log.warning("deliveries.recovered", count=taken)
            await queue.settle_unknown(database)
            await faults.tell_server_faults(database)
            work = await outlets.with_work(database, self.id)
        for outlet, is_busy in work:
            self._start_drain(outlet, helps=is_busy)

    def _start_drain(self, outlet: int, *, helps: bool = False) -> None:
        drain = asyncio.create_task(self._drain_or_tell(outlet, helps=helps), name=f"outlet {outlet}")
        self._drains.add(drain)
        drain.add_done_callback(self._drains.discard)

    async def _drain_or_tell(self, outlet: int, *, helps: bool) -> None:
        try:
            await self.drain(outlet, helps=helps)
        except Exception:
            log.exception("outlet.failed", outlet=outlet)

    async def _end_drains(self) -> None:
        """Let what is being talked about come to its end; what takes too long is recorded as unknown."""
        if drains := set(self._drains):
            _, late = await asyncio.wait(drains, timeout=GRACE_SECONDS)
            for drain in late:
                drain.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # These three look whether the worker stops, although they are cancelled then: a connection pool may keep a
    # cancellation that comes while it hands out a connection to itself (asyncio.wait_for before Python 3.12 does).

    async def _sweep_forever(self) -> None:
        while not self.stopping.is_set():
            with suppress(*jobs.DATABASE_AWAY):
                await self.sweep()
            await asyncio.sleep(SWEEP_SECONDS)

    async def beat(self) -> None:
        """Say that this worker lives, until it stops."""
        while not self.stopping.is_set():
            with suppress(*jobs.DATABASE_AWAY):
                async with self._pool.connection() as database:
                    await self._say_alive(database)
            await asyncio.sleep(BEAT_SECONDS)

    async def _say_alive(self, database: psycopg.AsyncConnection) -> None:
        """Who was silent itself – PostgreSQL was away, the machine slept – gives the others time to be heard again."""
        await queue.beat(database, self.id, name=f"{socket.gethostname()} {os.getpid()}")
        now = asyncio.get_running_loop().time()
        if now - self._heard_at > SILENCE_SECONDS / 2:
            self._judges_from = now + SILENCE_SECONDS
        self._heard_at = now

    async def listen(self) -> None:
        """Hear of new mail: wake the lane's drain, or start it."""
        while not self.stopping.is_set():
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
                    await connection.execute("LISTEN postroom_lane")
                    for context in self._draining.values():  # they may have missed one
                        context.wake()
                    async for notice in connection.notifies():
                        self._hear(*map(int, notice.payload.split("/")))
            except psycopg.OperationalError as error:
                log.warning("worker.deafened", error=str(error).strip())
                await asyncio.sleep(LISTEN_RETRY_SECONDS)

    def _hear(self, outlet: int, lane: int) -> None:
        if context := self._draining.get(outlet):
            context.wake(lane)
        else:
            self._start_drain(outlet)

    async def _pass_on_stop(self) -> None:
        await self.stopping.wait()
        for context in self._draining.values():
            context.wake()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Connected, listed and listening; on leaving, taken off the list: nothing of it need be recovered."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._pool)
            self._heard_at = asyncio.get_running_loop().time()
            async with self._pool.connection() as database:
                await self._say_alive(database)
            tasks = [
                asyncio.create_task(forever())
                for forever in (self.beat, self.listen, self._sweep_forever, self._pass_on_stop)
            ]
            try:
                yield
            finally:
                self.stopping.set()
                await self._end_drains()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                with suppress(
                    *jobs.DATABASE_AWAY
                ):  # an entry that stays behind is taken for dead, with nothing to take
                    async with self._pool.connection() as database:
                        await queue.sign_off(database, self.id)
