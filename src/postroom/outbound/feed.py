"""What is claimed next from a lane, as fast as its server may be fed and fairly among who sends through it?"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from postroom.jobs import DATABASE_AWAY
from postroom.outbound import outlets, queue
from postroom.outbound.models import Stream
from postroom.outbound.parcels import pack
from postroom.outbound.target import Target
from postroom.outbound.tray import Tray
from postroom.policy.pacing import MASS_SHARE, MINUTE_S, Limit, allowance

log = structlog.get_logger()
CLAIM_AT_ONCE = 200  # rows a claim: enough to hide the query's time, few enough to give back quickly
FLOWS_AT_ONCE = 10  # that share a claim; the others have their turn with the next
QUIET_SECONDS = 20  # a lane this long without mail is quiet; when both are, their server's connections end
SOON_SECONDS = 0.01  # mail that is late already is looked for again after this


@dataclass(slots=True)
class Course:
    """What a drain and its feeders tell each other; `news` is set with every change."""

    outlet: int
    worker: UUID
    pool: AsyncConnectionPool
    target: Target
    tray: Tray = field(default_factory=Tray)
    per_minute: int | None = None  # a pace learned from the server's refusals
    fault: str | None = None
    is_outdated: bool = False  # the settings are to be read anew
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def limits(self) -> tuple[Limit, ...]:
        learned = () if self.per_minute is None else (Limit(self.per_minute, MINUTE_S),)
        return self.target.limits + learned

    def fail(self, fault: str) -> None:
        self.fault = self.fault or fault
        self.news.set()

    def read_anew(self) -> None:
        self.is_outdated = True
        self.news.set()


@dataclass(frozen=True, slots=True)
class _Claim:
    """`wait_s`: seconds until a limit allows more; None when no limit stands in the way."""

    claimed: Sequence[queue.Claimed] = ()
    wait_s: float | None = None
    is_all: bool = True  # nothing else is due that may leave


class Feeder:
    """Keeps the tray filled with what is due in one lane, until it is cancelled."""

    def __init__(self, stream: str, course: Course) -> None:
        self.lane = course.target.lanes[stream]
        self.wake = asyncio.Event()
        self.is_quiet = False
        self.is_limited = False  # what is due waits for a limit
        self._is_urgent = stream == Stream.TRANSACTIONAL
        self._course = course
        self._served = queue.BEFORE_ALL
        self._fruitless: set[int] = set()  # flows that had nothing due since the last that had

    async def run(self) -> None:
        """Without PostgreSQL the drain is left: what was claimed is not sure."""
        try:
            while not self._course.is_outdated:
                self.wake.clear()
                claim = await self._look()
                if claim.claimed:
                    self.is_quiet = False
                    await self._lay_ready(claim.claimed)
                elif claim.is_all:
                    await self._idle(claim.wait_s)
        except DATABASE_AWAY as error:
            log.warning("lane.interrupted", lane=self.lane, error=str(error).strip())
            self._course.read_anew()

    async def _look(self) -> _Claim:
        """A claim; while urgent mail is claimed, the carriers get no mass mail."""
        if not self._is_urgent:
            return await self._claim()
        self._course.tray.stand_aside()
        claim = _Claim()
        try:
            claim = await self._claim()
        finally:
            if not claim.claimed:
                self._course.tray.go_on()
        return claim

    async def _claim(self) -> _Claim:
        course = self._course
        async with course.pool.connection() as database:
            flows = await self._next_flows(database)
            if suspended := [flow.id for flow in flows if flow.is_suspended]:
                await queue.set_aside(database, self.lane, suspended)
                flows = [flow for flow in flows if not flow.is_suspended]
            if not flows:
                return _Claim(is_all=self._is_round(suspended, is_fruitful=False))
            if course.limits or course.target.is_platform:
                async with database.transaction():
                    return await self._claim_metered(database, flows)
            return await self._take(database, _spread(CLAIM_AT_ONCE, flows))

    async def _next_flows(self, database: AsyncConnection) -> list[queue.Flow]:
        flows = await queue.next_flows(database, self.lane, after=self._served, limit=FLOWS_AT_ONCE)
        self._served = flows[-1].id if len(flows) == FLOWS_AT_ONCE else queue.BEFORE_ALL
        return flows

    async def _take(self, database: AsyncConnection, most: dict[int, int]) -> _Claim:
        course = self._course
        claimed = await queue.claim_due(database, outlet=course.outlet, lane=self.lane, worker=course.worker, most=most)
        is_round = self._is_round(most, is_fruitful=bool(claimed))
        return _Claim(claimed or (), is_all=claimed is not None and is_round)

    def _is_round(self, flows: Collection[int], *, is_fruitful: bool) -> bool:
        """Whether every flow has had its turn: where a claim cannot serve all, a round without mail says so."""
        is_round = self._served == queue.BEFORE_ALL or self._fruitless.issuperset(flows)
        self._fruitless = set() if is_fruitful or is_round else self._fruitless.union(flows)
        return is_round

    async def _claim_metered(self, database: AsyncConnection, flows: Sequence[queue.Flow]) -> _Claim:
        """What limits leave of a claim, entered in the ledger by the same transaction."""
        course = self._course
        await outlets.lock(database, course.outlet, is_platform=course.target.is_platform)
        spent = await outlets.read_usage(database, course.outlet, limits=course.limits)
        allowed = allowance(course.limits, spent, wanted=CLAIM_AT_ONCE, share=self._limit_share)
        if not allowed.messages:
            return _Claim(wait_s=allowed.wait_s)
        most = _spread(allowed.messages, flows)
        if course.target.is_platform:
            most = await self._within_daily_limits(database, flows, most)
        claim = await self._take(database, most)
        await outlets.count_usage(database, course.outlet, [delivery.id for delivery in claim.claimed])
        return claim

    @property
    def _limit_share(self) -> float:
        return 1.0 if self._is_urgent else MASS_SHARE

    async def _within_daily_limits(
        self, database: AsyncConnection, flows: Sequence[queue.Flow], most: dict[int, int]
    ) -> dict[int, int]:
        """`most` as far as each workspace's daily limit allows; a flow over it is put off (requirement G1)."""
        use = await outlets.platform_use(database, [flow.workspace_id for flow in flows])
        within: dict[int, int] = {}
        for flow in flows:
            if flow.workspace_id not in use:
                within[flow.id] = most.get(flow.id, 0)
                continue
            limit, used = use[flow.workspace_id]
            per_day = max(1, int(limit * self._limit_share)) if limit else 0
            if used >= per_day:
                await queue.put_off(database, self.lane, flow.id, per_day=max(per_day, 1), reason=_over_limit(limit))
            else:
                within[flow.id] = min(most.get(flow.id, 0), per_day - used)
                use[flow.workspace_id] = (limit, used + within[flow.id])
        return within

    async def _lay_ready(self, claimed: Sequence[queue.Claimed]) -> None:
        course = self._course
        async for parcel in pack(claimed, course.target, lane=self.lane, pool=course.pool):
            if parcel is None:
                course.read_anew()
                return
            await course.tray.put(parcel, is_urgent=self._is_urgent)
        if self._is_urgent:
            course.tray.go_on()  # maybe all of it was held, or leaves elsewhere

    async def _idle(self, wait_s: float | None) -> None:
        """Wait for mail, or for the time of what waits; after a quiet while, say so."""
        seconds = wait_s
        self.is_limited = wait_s is not None
        if seconds is None:
            async with self._course.pool.connection() as database:
                seconds = await queue.seconds_to_next(database, [self.lane])
        if seconds is not None and seconds < QUIET_SECONDS:
            await self._sleep(max(seconds, SOON_SECONDS))
            return
        if not self.is_quiet and not await self._sleep(QUIET_SECONDS):
            self.is_quiet = True
            self._course.news.set()
            await self._sleep(None if seconds is None else seconds - QUIET_SECONDS)

    async def _sleep(self, seconds: float | None) -> bool:
        """Whether there is news of mail before the time is over; None: wait for it however long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.wake.wait()
                return True
        return False


def _spread(messages: int, flows: Sequence[queue.Flow]) -> dict[int, int]:
    """Equal parts for the flows; the first have the remainder."""
    each, more = divmod(messages, len(flows))
    return {flow.id: each + (rank < more) for rank, flow in enumerate(flows) if each + (rank < more)}


def _over_limit(limit: int) -> str:
    return (
        f"{queue.DAILY_LIMIT_REASON} of {limit} messages a day is reached. It leaves on the day shown, when its turn "
        "comes; an outgoing server of your own has no such limit."
    )
