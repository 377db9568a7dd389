"""When has the server been silent for too long? One lazy timer for many short waits."""

import asyncio
from collections.abc import Callable
from math import inf


class Alarm:
    """Rings once when the time last set has passed.

    Setting is an assignment: the loop's timer stays where it is while later deadlines come and go, and is moved only
    when it fires or a nearer deadline is set. A timer for each wait would cost more than the conversation itself.
    """

    __slots__ = ("_due", "_loop", "_ring", "_timer", "_timer_due")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._due = inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = inf

    def set(self, seconds: float) -> None:
        self._due = due = self._loop.time() + seconds
        if due < self._timer_due:
            self._schedule()

    def rest(self) -> None:
        """Nothing is awaited."""
        self._due = inf

    def cancel(self) -> None:
        """For good: leaves no timer behind. (The name is asyncio.TimerHandle's.)"""
        self._due = self._timer_due = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = self._due
        self._timer = self._loop.call_at(self._due, self._fire)

    def _fire(self) -> None:
        self._timer, self._timer_due = None, inf
        if self._due == inf:
            return
        if self._loop.time() >= self._due:
            self._due = inf
            self._ring()
        else:
            self._schedule()
