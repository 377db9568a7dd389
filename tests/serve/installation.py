"""How do these tests run the product: as an operator does, each installation with its own home, ports and database?"""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers.programs import free_port

START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Installation:
    """An installation in a folder of its own."""

    environ: dict[str, str]

    @classmethod
    def in_folder(cls, folder: Path, database_url: str) -> "Installation":
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("POSTROOM_", "DJANGO_"))}
        ports = {f"POSTROOM_{part}_PORT": str(free_port()) for part in ("HTTP", "SUBMISSION", "CAPTURE")}
        own = {"POSTROOM_HOME": str(folder), "POSTROOM_DATABASE_URL": database_url, **ports}
        return cls({**clean, **own})

    def port(self, part: str) -> int:
        return int(self.environ[f"POSTROOM_{part}_PORT"])

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`postroom <arguments>`, waited for."""
        return subprocess.run(
            command_line(*arguments),
            env={**self.environ, **environ},
            cwd=self.environ["POSTROOM_HOME"],
            text=True,
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
        )

    @contextmanager
    def serving(self, *arguments: str) -> Iterator["Served"]:
        """`postroom serve`, or another command, while it runs; whatever is left of it is killed."""
        process = subprocess.Popen(
            command_line(*(arguments or ("serve",))),
            env=self.environ,
            cwd=self.environ["POSTROOM_HOME"],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        served = Served(self, process)
        try:
            yield served
        finally:
            for pid in [*served.descendants(), process.pid]:
                _kill(pid)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /healthz; (0, {}) while nothing answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port("HTTP"), timeout=5)
        try:
            connection.request("GET", "/healthz")
            response = connection.getresponse()
            return response.status, json.load(response)
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()


@dataclass(frozen=True)
class Served:
    """A running installation."""

    installation: Installation
    process: subprocess.Popen[str]

    def wait_healthy(self) -> None:
        wait_until(lambda: self.installation.health()[0] == 200, START_SECONDS, or_else=self.process)

    def stop(self) -> tuple[int, str]:
        """Exit status and output after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode, output

    def descendants(self) -> list[int]:
        return _descendants_of(self.process.pid)

    def child(self, part: str) -> int:
        """The pid of the process that the supervisor started for `part`."""
        [pid] = [
            pid for pid, parent, words in _processes() if parent == self.process.pid and words.endswith(f" {part}")
        ]
        return pid


def wait_until(is_so: Callable[[], bool], seconds: float, *, or_else: subprocess.Popen[str] | None = None) -> None:
    ends_at = time.monotonic() + seconds
    while not is_so():
        if or_else is not None and or_else.poll() is not None:
            raise AssertionError(f"ended with {or_else.returncode}: {or_else.communicate()[0]}")
        if time.monotonic() > ends_at:
            raise AssertionError(f"waited {seconds} seconds in vain")
        time.sleep(0.1)


def is_running(pid: int) -> bool:
    return any(pid == other for other, _, _ in _processes())


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "postroom", *arguments]


def _descendants_of(pid: int) -> list[int]:
    children = [child for child, parent, _ in _processes() if parent == pid]
    return children + [grandchild for child in children for grandchild in _descendants_of(child)]


def _processes() -> list[tuple[int, int, str]]:
    """(pid, parent, command line) of every process that has not ended."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat=,args="], text=True, capture_output=True, check=True)
    rows = [line.split(None, 3) for line in listing.stdout.splitlines()]
    return [(int(row[0]), int(row[1]), row[3]) for row in rows if len(row) == 4 and not row[2].startswith("Z")]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
