"""How mail leaves: claim → talk → record, one lane at a time.

No transaction is open while a server is talked to. A carrier is a task with one connection; it takes its next parcel
only when the result of the last one, and the start of this one, are committed (see journal.py).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from postroom import jobs
from postroom.outbound import outcome, queue
from postroom.outbound.journal import Journal
from postroom.outbound.parcels import Parcel, pack, reroute_outdated
from postroom.outbound.target import Target, Unusable, target_of
from postroom.rfc.session import Phase, Unsupported
from postroom.smtp.envelope import Envelope
from postroom.smtp.outcome import Outcome, Result
from postroom.smtp.pool import Pool

log = structlog.get_logger()
CLAIM_AT_ONCE = 100  # rows a claim: enough to hide the query's time, few enough to give back quickly
READY_PARCELS = 20  # made ready while the next are claimed; with their contents they are what a drain holds in memory
RESULT_PATIENCE_SECONDS = 0.005  # a result is best committed with the start of the next message
QUIET_SECONDS = 20  # a lane this long without mail is left; its connections end with it
IDLE_SECONDS = 10  # servers close quiet connections sooner or later; ten seconds bother none
LEASE_SECONDS = 15  # renewed while draining; after it another worker may take the lane
RETRY_SECONDS = 0.5  # PostgreSQL away: only this drain knows what it has claimed, so it stays until it can give it back


@dataclass(frozen=True, slots=True)
class Context:
    """What a drain uses of its worker."""

    worker: UUID
    pool: AsyncConnectionPool
    journal: Journal
    wake: asyncio.Event  # set when a submitter has queued something in this lane
    stopping: asyncio.Event

    @asynccontextmanager
    async def database(self) -> AsyncIterator[AsyncConnection]:
        async with self.pool.connection() as connection:
            yield connection


async def drain(lane: int, context: Context) -> None:
    """Deliver what is due in `lane` until it is quiet, its server has a fault, or the worker stops.

    Nothing happens while another worker drains it, or a fault keeps it closed.
    """
    is_worth_it = True
    while is_worth_it:
        async with context.database() as database:
            if not await queue.take_lane(database, lane, seconds=LEASE_SECONDS):
                return
        # Whether to go on: the server's settings have changed, or mail came in just when the lane was left.
        is_worth_it = await _Drain(lane, await jobs.in_thread(target_of, lane), context).run()


class _Drain:
    """One lane being drained under one reading of its server's settings."""

    def __init__(self, lane: int, target: Target | Unusable, context: Context) -> None:
        self._lane = lane
        self._target = target
        self._context = context
        self._parcels: asyncio.Queue[Parcel | None] = asyncio.Queue(maxsize=READY_PARCELS)
        self._fault: str | None = None
        self._is_outdated = False
        self._is_proven = False  # the server has answered to mail: its faults of before are over

    async def run(self) -> bool:
        """Whether to go on: the settings are to be read anew, or mail came in just when the lane was left."""
        try:
            if isinstance(self._target, Unusable):
                await reroute_outdated(self._lane, self._context.pool)  # elsewhere it may leave
                self._fault = self._target.why
            else:
                await self._carry_all(self._target)
        finally:
            is_due = await self._leave()
        return (is_due or self._is_outdated) and self._fault is None and not self._context.stopping.is_set()

    async def _carry_all(self, target: Target) -> None:
        pool = Pool(
            target.endpoint,
            max_connections=target.max_connections,
            max_messages_per_connection=target.max_messages_per_connection,
            idle_seconds=IDLE_SECONDS,
        )
        try:
            async with asyncio.TaskGroup() as tasks:  # one that fails ends them all: nothing waits for a dead carrier
                lease = tasks.create_task(self._renew_lease())
                carriers = [tasks.create_task(self._carry(pool, target)) for _ in range(target.max_connections)]
                await self._feed_while_possible(target)
                for _ in carriers:
                    await self._parcels.put(None)
                await asyncio.wait(carriers)
                lease.cancel()
        finally:
            await pool.close()

    @property
    def _must_end(self) -> bool:
        return self._fault is not None or self._is_outdated or self._context.stopping.is_set()

    async def _feed_while_possible(self, target: Target) -> None:
        """Without PostgreSQL the carriers come to their ends, then the lane is left: what was claimed is not sure."""
        try:
            await self._feed(target)
        except jobs.DATABASE_AWAY as error:
            log.warning("lane.interrupted", lane=self._lane, error=str(error).strip())
            self._is_outdated = True
            await asyncio.sleep(RETRY_SECONDS)

    async def _feed(self, target: Target) -> None:
        """Claim and hand out until there is nothing for a while, or a reason to end."""
        while not self._must_end:
            self._context.wake.clear()
            async with self._context.database() as database:
                claimed = await queue.claim_due(
                    database, lane=self._lane, worker=self._context.worker, limit=CLAIM_AT_ONCE
                )
            if not claimed and not await self._is_woken():
                return
            await self._hand_out(claimed, target)

    async def _hand_out(self, claimed: Sequence[queue.Claimed], target: Target) -> None:
        async for parcel in pack(claimed, target, self._context.pool):
            if parcel is None or self._must_end:
                self._is_outdated = self._is_outdated or parcel is None
                return
            await self._parcels.put(parcel)

    async def _is_woken(self) -> bool:
        """Whether the lane has or soon may have due mail; false after a quiet time."""
        async with self._context.database() as database:
            seconds = await queue.seconds_to_next(database, self._lane)
        patience = QUIET_SECONDS if seconds is None or seconds > QUIET_SECONDS else max(seconds, 0.01)
        events = [self._context.wake, self._context.stopping]
        waiting = [asyncio.create_task(event.wait()) for event in events]
        woken, asleep = await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for task in asleep:
            task.cancel()
        return bool(woken) or patience < QUIET_SECONDS

    async def _carry(self, pool: Pool, target: Target) -> None:
        """Take parcels to the server, one after the other."""
        results: list[outcome.Result] = []
        while True:
            parcel = await self._next_parcel(results)
            starting = [] if parcel is None or self._must_end else [c.id for c in parcel.claimed]
            owned = await self._context.journal.turn(results, starting)
            if parcel is None:
                return
            results = await self._talk(pool, target, parcel.only(owned)) if owned else []

    async def _next_parcel(self, results: list[outcome.Result]) -> Parcel | None:
        """The next parcel; results that would wait for it too long are committed before and removed."""
        if self._parcels.empty() and results:
            with suppress(TimeoutError):
                return await asyncio.wait_for(self._parcels.get(), RESULT_PATIENCE_SECONDS)
            await self._context.journal.turn(results, [])
            results.clear()
        return await self._parcels.get()

    async def _talk(self, pool: Pool, target: Target, parcel: Parcel) -> list[outcome.Result]:
        answer = too_large(parcel.envelope, target) or await pool.send(parcel.envelope, parcel.chunks)
        results = outcome.results(parcel.claimed, answer, target)
        if target.logs_dialog:
            log.info("dialog.ended", server=target.name, lines=answer.dialog)
        self._is_proven = self._is_proven or any(r.reply_code and not r.is_server_fault for r in results)
        if fault := next((result.reason for result in results if result.is_server_fault), None):
            self._fault = self._fault or fault
            self._context.wake.set()  # no use in waiting for more mail
        return results

    async def _renew_lease(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(*jobs.DATABASE_AWAY):
                async with self._context.database() as database:
                    await queue.hold_lane(database, self._lane, seconds=LEASE_SECONDS)
                    if self._is_proven:
                        await queue.reopen_lane(database, self._lane)

    async def _leave(self) -> bool:
        """Give back the lane, closed if there is a fault, and all that was not begun; whether something is due."""
        while True:
            try:
                return await self._give_back()
            except jobs.DATABASE_AWAY as error:
                log.warning("lane.kept", lane=self._lane, error=str(error).strip())
                await asyncio.sleep(RETRY_SECONDS)

    async def _give_back(self) -> bool:
        async with self._context.database() as database:
            async with database.transaction():
                if self._is_proven:
                    await queue.reopen_lane(database, self._lane)
                if self._fault is not None:
                    await self._close(database, self._fault)
                await queue.release(database, self._lane, worker=self._context.worker, reason=self._fault or "")
                await queue.hold_lane(database, self._lane, seconds=0)
            seconds = await queue.seconds_to_next(database, self._lane)
        return seconds is not None and seconds <= 0

    async def _close(self, database: AsyncConnection, fault: str) -> None:
        version = self._target.routing_version
        delay = await queue.close_lane(database, self._lane, fault=fault, version=version)
        log.warning("lane.closed", lane=self._lane, fault=fault, seconds=round(delay))


def too_large(envelope: Envelope, target: Target) -> Outcome | None:
    """The outcome of a message over the limit that is set for the server: it is not even asked."""
    limit = target.max_message_bytes
    if limit is None or envelope.size <= limit:
        return None
    why = f"the message has {envelope.size:,} bytes and {target.name} takes {limit:,}"
    refusal = Unsupported("SIZE", why)
    return Outcome(tuple(Result(recipient, Phase.MAIL, refusal) for recipient in envelope.recipients))
