"""Is a kept connection still alive, asked without a round trip? (The module's name is Django's.)"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Django asks “SELECT 1” on each connection that a request is the first to use: one round trip of three."""

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
