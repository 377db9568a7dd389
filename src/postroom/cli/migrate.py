"""How the database gets the tables this version of Postroom needs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg

from postroom.config import database, runtime

# Any number that nobody else locks by: "postroom" as bytes, cut to the 63 bits of a positive bigint.
LOCK = int.from_bytes(b"postroom", "big") >> 1
WAIT_SECONDS = 0.2


@click.command()
def command() -> None:
    """Bring the database up to date. Harmless when repeated, and when several machines do it at once."""
    url = runtime.prepare().database_url
    database.require_reachable(url)
    with _alone(url):
        applied = migrate()
    click.echo(f"Applied {applied} migrations." if applied else "The database is up to date.")


def migrate() -> int:
    """Apply what is pending; how many migrations that were."""
    from django.core.management import call_command

    todo = database.pending()
    if todo:
        call_command("migrate", interactive=False, verbosity=0)
    return len(todo)


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """Wait until no other process migrates, and keep others waiting."""
    with psycopg.connect(url, autocommit=True) as connection:
        # Asked for again and again rather than waited for: a waiting statement is an open snapshot, and a CREATE
        # INDEX CONCURRENTLY of the process that migrates would wait for that in turn, for ever.
        while not _is_granted(connection):
            time.sleep(WAIT_SECONDS)
        yield  # the lock goes with the connection


def _is_granted(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    return row is not None and bool(row[0])
