"""How the parts of one installation are kept running as child processes, and stopped together."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import click

from postroom.cli.tether import STOP_SECONDS
from postroom.errors import PostroomError

LONGEST_DELAY = 30.0
# A part that ran for so long had nothing wrong with its start: its next crash counts as the first.
SETTLED_SECONDS = 60.0


class PartFailedError(PostroomError):
    """A part of Postroom could not start."""

    code = "part_failed"


class Supervisor:
    """Keeps `parts`, each a `postroom` command, running from `run` until a signal or a failed start."""

    def __init__(self, parts: Sequence[str], *, wait_ready: Callable[[], Awaitable[None]]) -> None:
        """`wait_ready` returns once all parts work: a part that ends before that stops everything."""
        self._parts = parts
        self._wait_ready = wait_ready
        self._is_ready = False
        self._failure: PartFailedError | None = None
        self._stopping = asyncio.Event()
        # The parts have its reading end as standard input and see an end of file when this process dies: see tether.
        self._lifeline, self._held = os.pipe()

    async def run(self) -> None:
        """Return after SIGTERM or SIGINT, all parts stopped; PartFailedError when one of them did not start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stopping.set)
        readiness = asyncio.create_task(self._note_readiness())
        await asyncio.gather(*(self._keep(part) for part in self._parts))
        readiness.cancel()
        if self._failure is not None:
            raise self._failure

    async def _note_readiness(self) -> None:
        await self._wait_ready()
        self._is_ready = True

    async def _keep(self, part: str) -> None:
        failures = 0
        while not self._stopping.is_set():
            started_at = time.monotonic()
            child = await self._start(part)
            await self._until_stopped(child.wait())
            if self._stopping.is_set():
                return await _stop(part, child)
            _kill_group(child)
            if not self._is_ready:
                return self._fail(PartFailedError(f"{part} {_ending(child)} before Postroom was ready."))
            failures = 1 if time.monotonic() - started_at > SETTLED_SECONDS else failures + 1
            delay = restart_delay(failures)
            click.echo(f"{part} {_ending(child)}; it is started again in {delay:.0f} s.", err=True)
            await self._until_stopped(asyncio.sleep(delay))
        return None

    async def _start(self, part: str) -> Process:
        """The part in a process group of its own: a Ctrl-C in the terminal reaches only the supervisor."""
        command = (sys.executable, "-m", "postroom.cli.tether", part)
        return await asyncio.create_subprocess_exec(*command, stdin=self._lifeline, start_new_session=True)

    async def _until_stopped(self, event: Awaitable[object]) -> None:
        """Wait for `event` or the stop, whichever comes first."""
        waiting = [asyncio.ensure_future(event), asyncio.ensure_future(self._stopping.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    def _fail(self, failure: PartFailedError) -> None:
        self._failure = self._failure or failure
        self._stopping.set()


def restart_delay(failures: int) -> float:
    """Seconds to wait before the next start after so many crashes in a row."""
    return LONGEST_DELAY if failures > 5 else 2.0 ** (failures - 1)


async def _stop(part: str, child: Process) -> None:
    """Let the part finish what it has begun, for a limited time."""
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), STOP_SECONDS)
    except TimeoutError:
        click.echo(f"{part} did not stop within {STOP_SECONDS} s and is killed.", err=True)
    _kill_group(child)
    await child.wait()


def _kill_group(child: Process) -> None:
    """End what is left of a part: itself, or processes of its own that a crash left behind."""
    with suppress(ProcessLookupError, PermissionError):  # the latter is macOS's word for a zombie
        os.killpg(child.pid, signal.SIGKILL)


def _ending(child: Process) -> str:
    status = child.returncode or 0
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
