"""How mail leaves: claim → talk → record, one server at a time.

No transaction is open while a server is talked to. Feeders claim what is due in the lanes of a server (feed.py); a
carrier is a task with one connection; it takes its next parcel only when the result of the last one, and the start of
this one, are committed (journal.py).
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from postroom import jobs
from postroom.errors import PostroomError
from postroom.outbound import outcome, outlets, queue
from postroom.outbound.feed import Course, Feeder
from postroom.outbound.haste import hurried
from postroom.outbound.journal import Journal
from postroom.outbound.lessons import Lesson, Pupil
from postroom.outbound.parcels import Parcel, reroute_outdated
from postroom.outbound.target import Target, Unusable, asks_provider, target_of
from postroom.policy.causes import CONNECTION_LIMIT, DAILY_LIMIT, LOGIN_REFUSED
from postroom.policy.retry import closure
from postroom.rfc.session import Phase, Unsupported
from postroom.servers.oauth.tokens import ConsentRevokedError, NotConnectedError, renew_refused
from postroom.smtp.endpoint import AccessToken
from postroom.smtp.envelope import Envelope
from postroom.smtp.outcome import Outcome, Result
from postroom.smtp.pool import Pool
from postroom.workspaces.identity import captures

log = structlog.get_logger()
RESULT_PATIENCE_SECONDS = 0.005  # a result is best committed with the start of the next message
IDLE_SECONDS = 10  # servers close quiet connections sooner or later; ten seconds bother none
LEASE_SECONDS = hurried(15)  # renewed while draining; after it others may use the connections
RENEW_SECONDS = hurried(3)  # also the time until workers that share a server have found their parts
JOIN_TRIES = 3
RETRY_SECONDS = 0.5  # PostgreSQL away: only this drain knows what it has claimed, so it stays until it can give it back
DAILY_LIMIT_SECONDS = 900.0  # a daily limit does not open within minutes


@dataclass(slots=True)
class Context:
    """What a drain uses of its worker, and how that reaches it."""

    worker: UUID
    pool: AsyncConnectionPool
    journal: Journal
    stopping: asyncio.Event
    drain: "_Drain | None" = field(default=None)

    def wake(self, lane: int | None = None) -> None:
        """There is mail in the lane; None: anything may have changed."""
        if self.drain is not None:
            self.drain.wake(lane)


async def drain(outlet: int, context: Context, *, helps: bool = False) -> None:
    """Deliver what is due through `outlet` until it is quiet, its server has a fault, or the worker stops.

    Nothing happens while a fault keeps it closed or, unless this worker `helps`, while another one drains it.
    """
    is_worth_it = True
    while is_worth_it and not context.stopping.is_set():
        share = await _join(outlet, context, helps=helps)
        if share is None:
            return
        target = await _read_target(outlet)
        context.drain = _Drain(outlet, share, target, context)
        # Whether to go on: the server's settings have changed, or mail came in just when it was left.
        is_worth_it = await context.drain.run()


async def _read_target(outlet: int) -> Target | Unusable:
    """In a thread of its own where a provider must be asked first: all others share one, and go on meanwhile."""
    is_slow = await jobs.in_thread(asks_provider, outlet)
    return await (jobs.in_own_thread if is_slow else jobs.in_thread)(target_of, outlet)


async def _join(outlet: int, context: Context, *, helps: bool) -> outlets.Share | None:
    """A share with at least one connection; None when there is none to be had."""
    for _ in range(JOIN_TRIES):
        async with context.pool.connection() as database:
            share = await outlets.take_share(
                database, outlet, worker=context.worker, in_use=0, seconds=LEASE_SECONDS, helps=helps
            )
        if share is None or share.connections:
            return share
        await asyncio.sleep(RENEW_SECONDS)  # until the others have let go of some
    async with context.pool.connection() as database:
        await outlets.leave(database, outlet, worker=context.worker)
    return None


class _Drain:
    """One server being fed under one reading of its settings."""

    def __init__(self, outlet: int, share: outlets.Share, target: Target | Unusable, context: Context) -> None:
        self._outlet = outlet
        self._share = share
        self._target = target
        self._context = context
        self._feeders: list[Feeder] = []
        self._carriers: set[asyncio.Task[None]] = set()
        self._wanted = 0  # carriers, those already dismissed not counted
        self._pupil = Pupil()
        self._unsent: list[int] = []  # counted in the ledger, and turned away before a word about them was said
        self._is_proven = False  # the server has answered to mail: its faults of before are over
        self._closed_for = 0.0

    def wake(self, lane: int | None) -> None:
        for feeder in self._feeders:
            if lane in (None, feeder.lane):
                feeder.wake.set()
                if lane is None:
                    self._course.news.set()

    async def run(self) -> bool:
        """Whether to go on: the settings are to be read anew, or mail came in just when the server was left."""
        fault, is_outdated = None, False
        try:
            if isinstance(self._target, Unusable):
                for lane in self._target.lanes.values():
                    await reroute_outdated(lane, self._context.pool)  # elsewhere it may leave
                fault = self._target.why
            else:
                await self._carry_all(self._target)
                fault, is_outdated = self._course.fault, self._course.is_outdated
        finally:
            is_due = await self._leave(fault or "")
        is_due = is_due and not any(feeder.is_limited for feeder in self._feeders)
        return (is_due or is_outdated) and fault is None and not self._context.stopping.is_set()

    async def _carry_all(self, target: Target) -> None:
        self._course = Course(self._outlet, self._context.worker, self._context.pool, target)
        self._course.per_minute = self._share.per_minute
        self._feeders = [Feeder(stream, self._course) for stream in target.lanes]
        self._pool = Pool(
            target.endpoint,
            max_connections=target.max_connections,
            max_messages_per_connection=target.max_messages_per_connection,
            idle_seconds=IDLE_SECONDS,
        )
        try:
            async with asyncio.TaskGroup() as self._tasks:  # one that fails ends them all: nothing waits for the dead
                feeding = [self._tasks.create_task(feeder.run()) for feeder in self._feeders]
                self._adjust(self._share.connections)
                await self._watch()
                for task in feeding:
                    task.cancel()
                self._adjust(0)
        finally:
            await self._pool.close()

    @property
    def _must_end(self) -> bool:
        course = self._course
        return course.fault is not None or course.is_outdated or self._context.stopping.is_set()

    @property
    def _is_quiet(self) -> bool:
        return self._course.tray.is_empty and all(feeder.is_quiet for feeder in self._feeders)

    def _adjust(self, carriers: int) -> None:
        """As many carriers as the share has connections; those in excess go when they have recorded their results."""
        for _ in range(carriers - self._wanted):
            task = self._tasks.create_task(self._carry(self._course.target))
            self._carriers.add(task)
            task.add_done_callback(self._carriers.discard)
        self._course.tray.dismiss(max(0, self._wanted - carriers))
        self._wanted = carriers

    async def _watch(self) -> None:
        """Keep the share until there is a reason to end."""
        loop = asyncio.get_running_loop()
        renewal = loop.time() + RENEW_SECONDS
        while not self._must_end and not self._is_quiet:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(renewal):
                    await self._course.news.wait()
            self._course.news.clear()
            if loop.time() >= renewal:
                renewal = loop.time() + RENEW_SECONDS
                with suppress(*jobs.DATABASE_AWAY):
                    await self._renew()

    async def _renew(self) -> None:
        async with self._context.pool.connection() as database:
            share = await outlets.take_share(
                database,
                self._outlet,
                worker=self._context.worker,
                in_use=len(self._carriers),
                seconds=LEASE_SECONDS,
                helps=True,
            )
            if self._is_proven and share is not None:
                await outlets.reopen(database, self._outlet)
        if share is None or not share.connections:  # another worker met a fault, or has it all after a long outage here
            self._course.read_anew()
            return
        if await _leads_elsewhere(self._course.target):
            self._course.read_anew()
        self._share = share
        self._course.per_minute = share.per_minute
        self._adjust(share.connections)

    async def _carry(self, target: Target) -> None:
        """Take parcels to the server, one after the other."""
        results: list[outcome.Result] = []
        while True:
            parcel = await self._next_parcel(results)
            starting = [] if parcel is None or self._must_end else [c.id for c in parcel.claimed]
            owned = await self._context.journal.turn(results, starting)
            if parcel is None:
                return
            results = await self._talk(target, parcel.only(owned)) if owned else []

    async def _next_parcel(self, results: list[outcome.Result]) -> Parcel | None:
        """The next parcel; results that would wait for it too long are committed before and removed."""
        tray = self._course.tray
        if tray.is_empty and results:
            with suppress(TimeoutError):
                return await asyncio.wait_for(tray.take(), RESULT_PATIENCE_SECONDS)
            await self._context.journal.turn(results, [])
            results.clear()
        if self._is_quiet:
            self._course.news.set()
        return await tray.take()

    async def _talk(self, target: Target, parcel: Parcel) -> list[outcome.Result]:
        answer = too_large(parcel.envelope, target) or await self._pool.send(parcel.envelope, parcel.chunks)
        results = outcome.results(parcel.claimed, answer, target)
        if target.logs_dialog:
            log.info("dialog.ended", server=target.name, lines=answer.dialog)
        self._is_proven = self._is_proven or any(r.reply_code and not r.is_server_fault for r in results)
        if not isinstance(answer, Outcome):
            self._unsent += [result.delivery for result in results]
        if fault := next((result for result in results if result.is_server_fault), None):
            await self._meet(fault, target)
        part = self._share.connections / max(self._share.of, 1)
        for lesson in self._pupil.watch(results, connections=self._share.of, part=part):
            await self._learn(lesson)
        return results

    async def _meet(self, fault: outcome.Result, target: Target) -> None:
        """A server that only refuses one more connection goes on with those it has; a newer token may open another."""
        if fault.cause == CONNECTION_LIMIT.id and self._wanted > 1:
            self._adjust(self._wanted - 1)
            return
        if fault.cause == LOGIN_REFUSED.id and await _has_newer_token(target):
            self._course.read_anew()
            return
        least = DAILY_LIMIT_SECONDS if fault.cause == DAILY_LIMIT.id else 0.0
        self._closed_for = max(least, hurried(closure(fault.hint_s)))
        self._course.fail(fault.reason)

    async def _learn(self, lesson: Lesson) -> None:
        """Keep it where all workers see it; the next renewal tells them."""
        log.info("server.taught", outlet=self._outlet, lesson=lesson)
        with suppress(*jobs.DATABASE_AWAY):
            async with self._context.pool.connection() as database:
                await outlets.learn(database, self._outlet, lesson)
        if lesson.per_minute is not None:
            self._course.read_anew()  # what is claimed already was meant for the pace of before

    async def _leave(self, fault: str) -> bool:
        """Give back the share and all that was not begun, the outlet closed if there is a fault; is mail due?"""
        while True:
            try:
                return await self._give_back(fault)
            except jobs.DATABASE_AWAY as error:
                if self._context.stopping.is_set():
                    return False  # nothing is in doubt: others queue it again when this worker is silent
                log.warning("outlet.kept", outlet=self._outlet, error=str(error).strip())
                await asyncio.sleep(RETRY_SECONDS)

    async def _give_back(self, fault: str) -> bool:
        lanes = list(self._target.lanes.values())
        async with self._context.pool.connection() as database:
            async with database.transaction():
                if self._is_proven:
                    await outlets.reopen(database, self._outlet)
                if fault:
                    await self._close(database, fault)
                unsent = await queue.release(database, lanes, worker=self._context.worker, reason=fault)
                if isinstance(self._target, Target) and (self._course.limits or self._target.is_platform):
                    await outlets.count_usage(database, self._outlet, unsent + self._unsent, sign=-1)
                await outlets.leave(database, self._outlet, worker=self._context.worker)
            seconds = await queue.seconds_to_next(database, lanes)
        return seconds is not None and seconds <= 0

    async def _close(self, database: AsyncConnection, fault: str) -> None:
        version = self._target.routing_version
        delay = await outlets.close(database, self._outlet, fault=fault, version=version, least=self._closed_for)
        if delay is not None:
            log.warning("outlet.closed", outlet=self._outlet, fault=fault, seconds=round(delay))


async def _leads_elsewhere(target: Target) -> bool:
    """What no routing_version tells: the token is due to be renewed, or the installation was released."""
    if target.is_captured and not await jobs.in_thread(captures):
        return True
    return target.renew_at is not None and target.renew_at <= datetime.now(UTC)


async def _has_newer_token(target: Target) -> bool:
    """Whether the account's token, refused just now, is replaced. Why not is for the next reading to say."""
    login = target.endpoint.credentials
    if target.oauth_account is None or not isinstance(login, AccessToken):
        return False
    try:
        return await jobs.in_own_thread(renew_refused, target.oauth_account, login.token)
    except (ConsentRevokedError, NotConnectedError):
        return True
    except (PostroomError, *jobs.DATABASE_AWAY):
        return False


def too_large(envelope: Envelope, target: Target) -> Outcome | None:
    """The outcome of a message over the limit that is set for the server: it is not even asked."""
    limit = target.max_message_bytes
    if limit is None or envelope.size <= limit:
        return None
    why = f"the message has {envelope.size:,} bytes and {target.name} takes {limit:,}"
    refusal = Unsupported("SIZE", why)
    return Outcome(tuple(Result(recipient, Phase.MAIL, refusal) for recipient in envelope.recipients))
