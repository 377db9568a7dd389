"""How is a process of Postroom run that will be killed, frozen and started again?"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 40  # more than Postroom gives itself


class Program:
    """`python -m postroom …`, as often as it is started; what it prints goes to `log`."""

    def __init__(self, *arguments: str, environment: Mapping[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", "postroom", *arguments]
        self._environment = environment
        self._log = log
        self._running = self._start()

    @property
    def name(self) -> str:
        return self._log.stem

    @property
    def pid(self) -> int:
        return self._running.pid

    def restart(self) -> None:
        self._running = self._start()

    def says(self, words: str) -> bool:
        """Whether it has printed that since it was started last."""
        return words.encode() in self._log.read_bytes()[self._said_before :]

    def kill(self) -> None:
        """SIGKILL, for it alone: what it started sees that it is gone."""
        self._running.kill()
        self._running.wait()

    def kill_family(self) -> None:
        """SIGKILL for it and all that it started."""
        family = descendants(self.pid)
        self.kill()
        for pid in family:
            kill(pid)

    def freeze(self) -> None:
        self._running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._running.send_signal(signal.SIGCONT)

    def stop(self, within: float = STOP_SECONDS) -> int | None:
        """Its exit status after SIGTERM; None when it had to be killed. None of its children is left."""
        family = descendants(self.pid)
        self.thaw()
        self._running.terminate()
        try:
            status: int | None = self._running.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            status = None
        for pid in family:
            kill(pid)
        return status

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            self._said_before = log.tell()
            return subprocess.Popen(
                self._command, env=self._environment, cwd=self._log.parent, stdout=log, stderr=subprocess.STDOUT
            )


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Its children, their children and so on: proc(5)."""
    family = [pid]
    for member in family:  # which grows as they are found
        with suppress(OSError):
            family += map(int, Path(f"/proc/{member}/task/{member}/children").read_text().split())
    return family[1:]


def command_line(pid: int) -> str:
    """Empty when it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return ""
