"""Whether the database can be reached and has the tables this version needs."""

import psycopg

from postroom.errors import PostroomError

CONNECT_SECONDS = 5


class DatabaseAwayError(PostroomError):
    """The database cannot be reached."""

    code = "database_away"


class MigrationsPendingError(PostroomError):
    """The database is older than this version of Postroom: run `postroom migrate`."""

    code = "migrations_pending"


def require_reachable(url: str) -> None:
    """DatabaseAwayError, in PostgreSQL's own words, unless the database answers."""
    try:
        psycopg.connect(url, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error as error:
        words = " ".join(str(error).split())
        hint = "Start its server, or correct POSTROOM_DATABASE_URL."
        raise DatabaseAwayError(f"The database cannot be reached ({words}). {hint}") from None


def require_migrated() -> None:
    """MigrationsPendingError unless every migration is applied. Needs Django to be set up."""
    if pending():
        raise MigrationsPendingError


def find_trouble(url: str) -> PostroomError | None:
    """Why no statement can work: DatabaseAwayError, MigrationsPendingError, or None. Needs Django to be set up."""
    try:
        require_reachable(url)
        require_migrated()
    except PostroomError as error:
        return error
    return None


def pending() -> list[str]:
    """The migrations that are not applied, as app.name, in their order. Needs Django to be set up."""
    from django.db import connection  # noqa: PLC0415 – Django reads its settings on import
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
