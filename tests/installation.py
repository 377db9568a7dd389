"""How do tests run the product: as an operator does, each installation with its own home, ports and database?"""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.peers.programs import free_port
from tests.peers.waiting import PATIENCE_SECONDS

START_SECONDS = 180
STOP_SECONDS = 90  # `postroom serve` kills what has not stopped after 30
POLL_SECONDS = 0.02
PORTS = ("HTTP", "SUBMISSION", "CAPTURE", "MX", "LMTP")


@dataclass(frozen=True)
class Installation:
    """An installation in a folder of its own; `environ` is what its commands are run with."""

    environ: dict[str, str]

    @classmethod
    def in_folder(cls, folder: Path, **settings: str) -> "Installation":
        """With nothing of the person's own; without a POSTROOM_DATABASE_URL it has the embedded database."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("POSTROOM_", "DJANGO_"))}
        ports = {f"POSTROOM_{part}_PORT": str(free_port()) for part in PORTS}
        return cls({**clean, "POSTROOM_HOME": str(folder), **ports, **settings})

    @property
    def home(self) -> Path:
        return Path(self.environ["POSTROOM_HOME"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port('HTTP')}"

    def port(self, part: str) -> int:
        return int(self.environ[f"POSTROOM_{part}_PORT"])

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """`postroom <arguments>`, waited for."""
        return subprocess.run(
            command_line(*arguments),
            env={**self.environ, **environ},
            cwd=self.home,
            text=True,
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
        )

    @contextmanager
    def serving(self, *arguments: str) -> Iterator["Served"]:
        """`postroom serve`, or another command, while it runs; whatever is left of it is killed."""
        with self.running(command_line(*(arguments or ("serve",))), cwd=self.home) as served:
            yield served

    @contextmanager
    def running(self, command: list[str], *, cwd: Path) -> Iterator["Served"]:
        """As `serving`, for a command that runs the product in its own way."""
        # A file: a pipe that nobody reads would stop a talkative process.
        with tempfile.NamedTemporaryFile(suffix=".log") as log:
            process = subprocess.Popen(command, env=self.environ, cwd=cwd, stdout=log, stderr=subprocess.STDOUT)
            served = Served(self, process, Path(log.name))
            try:
                yield served
            finally:
                database = self.embedded_database()
                for pid in [*served.descendants(), process.pid, *([database] if database else [])]:
                    _kill(pid)
                process.wait()

    def embedded_database(self) -> int | None:
        """The pid of the embedded PostgreSQL's first process; None when it is stopped, or another is used."""
        file = self.home / "postgres" / "postmaster.pid"
        return int(file.read_text().split()[0]) if file.exists() else None

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /healthz; (0, {}) while nothing answers, or nothing but an error page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port("HTTP"), timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", "/healthz")
            response = connection.getresponse()
            return response.status, json.load(response)
        except (OSError, ValueError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()


@dataclass(frozen=True)
class Served:
    """A running installation, or a part of one."""

    installation: Installation
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, is_so: Callable[[], bool], *, seconds: float = START_SECONDS) -> None:
        """AssertionError, with its output, when it ends before that or takes too long."""
        wait_until(lambda: is_so() or self.process.poll() is not None, seconds, describe=lambda: self.output)
        assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.output}"

    def wait_healthy(self) -> dict[str, Any]:
        """What /healthz says then."""
        return self.wait_for_health(lambda status, _: status == 200)

    def wait_for_health(self, is_so: Callable[[int, dict[str, Any]], bool]) -> dict[str, Any]:
        answers: list[dict[str, Any]] = []

        def look() -> bool:
            status, body = self.installation.health()
            answers.append(body)
            return is_so(status, body)

        self.wait_until(look)
        return answers[-1]

    def stop(self) -> tuple[int, str]:
        """Exit status and output after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        """Exit status and output, when it ends by itself or was told to."""
        return self.process.wait(STOP_SECONDS), self.output

    def descendants(self) -> list[int]:
        """Its children, their children and so on, as pids."""
        processes, family = _processes(), [self.process.pid]
        for pid in family:  # which grows as they are found
            family += [child for child, parent, _ in processes if parent == pid]
        return family[1:]

    def child(self, part: str) -> int:
        """The pid of the process that the supervisor started for `part`."""
        [pid] = self.children(part)
        return pid

    def children(self, part: str) -> list[int]:
        """As `child`; none while the part waits to be started again."""
        return [pid for pid, parent, words in _processes() if parent == self.process.pid and words.endswith(f" {part}")]


def wait_until(
    is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS, *, describe: Callable[[], object] = str
) -> None:
    """AssertionError with what `describe` says when that takes too long."""
    ends_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends_at, f"waited {seconds} seconds in vain {describe()}"
        time.sleep(POLL_SECONDS)


def is_running(pid: int) -> bool:
    return any(pid == other for other, _, _ in _processes())


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "postroom", *arguments]


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
