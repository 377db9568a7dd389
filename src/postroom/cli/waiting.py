"""How do parts that go on without the database for a while tell a person that it is away?"""

import threading

import click
from psycopg.conninfo import conninfo_to_dict

from postroom.config.database import DatabaseAwayError, require_reachable

PATIENCE_SECONDS = 1.0  # a database that is well answers within milliseconds


def tell_if_away(url: str, *, meanwhile: str) -> None:
    """One sentence on standard error, and at once, where the database does not answer; `meanwhile` says what follows.

    A wrong address is often one that says nothing at all: that it is waited for is told before it is known to be away.
    """
    late = threading.Timer(PATIENCE_SECONDS, _tell, [f"Waiting for the database {_place(url)}: no answer yet."])
    late.daemon = True
    late.start()
    try:
        require_reachable(url)
    except DatabaseAwayError as error:
        _tell(f"{error.message} {meanwhile}")
    finally:
        late.cancel()


def _place(url: str) -> str:
    """Name, host and port, and nothing secret."""
    facts = conninfo_to_dict(url)
    host, port = facts.get("host", "localhost"), facts.get("port", 5432)
    return f"“{facts.get('dbname', '')}” at {host}, port {port}"


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)
