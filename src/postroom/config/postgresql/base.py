"""What of Django's PostgreSQL is not good enough: looking at kept connections, and numbers too large for their columns.

The module's name is Django's.
"""

import select
from typing import Any

from django.db import DataError
from django.db.backends.postgresql import base, operations


class DatabaseOperations(operations.DatabaseOperations):
    """With values bound by the server, psycopg cuts an integer down to its column's size without a word."""

    def adapt_integerfield_value(self, value: Any, internal_type: str) -> Any:
        """DataError for what the column cannot hold, as PostgreSQL itself would say."""
        if isinstance(value, int):
            _, most = self.integer_field_range(internal_type)
            if not -most - 1 <= value <= most:  # whether it may be negative, a constraint of the table says
                raise DataError(f"{value} is out of range for a column of {most} at most.")
        return super().adapt_integerfield_value(value, internal_type)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks “SELECT 1” on each connection that a request is the first to use: one round trip of three."""

    ops_class = DatabaseOperations

    def close_if_health_check_failed(self) -> None:
        """Between requests PostgreSQL is silent, unless it ends the connection: only then ask, and connect anew."""
        if self.connection is not None and not self._has_ended():
            self.health_check_done = True
        super().close_if_health_check_failed()

    def _has_ended(self) -> bool:
        """Perhaps: the connection is broken, or there is something to read, such as its end."""
        if self.connection.closed:
            return True
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return bool(poll.poll(0))
