"""Which parcel does a carrier take next? Transactional mail before mass mail, whenever either was made ready."""

import asyncio
from collections import deque

from postroom.outbound.parcels import Parcel

# Of each stream, made ready while the next are claimed: with their contents, what a drain holds in memory. More than a
# server has connections, or they all wait for the next claim together.
READY_PARCELS = 100
PARCEL_BYTES = 200_000  # a larger one takes the place of several


class Tray:
    """Parcels made ready by the feeders of both lanes, for the carriers of one server."""

    def __init__(self) -> None:
        self._urgent: deque[Parcel] = deque()
        self._other: deque[Parcel] = deque()
        self._room = {True: asyncio.Semaphore(READY_PARCELS), False: asyncio.Semaphore(READY_PARCELS)}
        self._filled = asyncio.Semaphore(0)
        self._dismissed = 0
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()

    @property
    def is_empty(self) -> bool:
        """Whether who takes now would have to wait."""
        return self._filled.locked() or self._is_held_up

    @property
    def _is_held_up(self) -> bool:
        return not (self._may_go_on.is_set() or self._urgent or self._dismissed)

    def stand_aside(self) -> None:
        """Hand out no mass mail until urgent mail is ready, or `go_on`: it is being looked for, and time is short."""
        self._may_go_on.clear()

    def go_on(self) -> None:
        self._may_go_on.set()

    async def put(self, parcel: Parcel, *, is_urgent: bool) -> None:
        """Waits while as much of its stream is ready as may be."""
        for _ in range(_places(parcel)):
            await self._room[is_urgent].acquire()
        (self._urgent if is_urgent else self._other).append(parcel)
        self._filled.release()
        if is_urgent:
            self.go_on()

    async def take(self) -> Parcel | None:
        """The next parcel; None tells the carrier to go."""
        if self._is_held_up:
            await self._may_go_on.wait()
        await self._filled.acquire()
        if self._dismissed:
            self._dismissed -= 1
            return None
        is_urgent = bool(self._urgent)
        parcel = self._urgent.popleft() if is_urgent else self._other.popleft()
        for _ in range(_places(parcel)):
            self._room[is_urgent].release()
        return parcel

    def dismiss(self, carriers: int) -> None:
        """Let so many carriers go, before they take anything else."""
        self._dismissed += carriers
        self.go_on()
        for _ in range(carriers):
            self._filled.release()


def _places(parcel: Parcel) -> int:
    return min(1 + parcel.envelope.size // PARCEL_BYTES, READY_PARCELS)
