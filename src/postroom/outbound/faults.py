"""Which servers must a person look at? Keeps one open alert for each whose outlet a fault has closed."""

from psycopg import AsyncConnection

from postroom.outbound.statements import statement

_WHAT_TO_DO = "Its mail waits and is tried again by itself. Changed settings are tried within seconds."


async def tell_server_faults(database: AsyncConnection) -> None:
    """Raise, count and clear the alerts of the kind `server_fault`, by the state of the outlets."""
    await database.execute(statement("tell_server_faults"), {"what_to_do": _WHAT_TO_DO})
