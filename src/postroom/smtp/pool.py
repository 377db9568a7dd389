"""Which connection does the next message take? Kept open between messages, never more than the server allows."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from postroom.rfc.session import ConnectFailure, Lost, Phase
from postroom.smtp.client import Connection, connect
from postroom.smtp.endpoint import Endpoint
from postroom.smtp.envelope import Envelope
from postroom.smtp.outcome import Outcome


class Pool:
    """Connections to one endpoint, used one message at a time, the most recently used first.

    Assigning `endpoint` (a refreshed access token) applies to new connections and retires the old ones.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        max_connections: int,
        max_messages_per_connection: int = 100,
        idle_seconds: float = 20,
    ) -> None:
        self.endpoint = endpoint
        self._max_messages = max_messages_per_connection
        self._idle_seconds = idle_seconds
        # Connections being closed hold a slot too: servers count them until they are gone.
        self._slots = asyncio.Semaphore(max_connections)
        self._idle: deque[Connection] = deque()
        self._in_one_turn = True
        self._is_closed = False
        self._reaping: asyncio.Task[None] | None = None
        self._farewells: set[asyncio.Task[None]] = set()

    async def send(self, envelope: Envelope, chunks: Sequence[bytes]) -> Outcome | ConnectFailure:
        """Sends over any connection.

        When a kept connection turns out to have been ended by the server before this message began, another is taken;
        only the first failure of a new connection counts.
        """
        while True:
            async with self.connection() as connection:
                if isinstance(connection, ConnectFailure):
                    return connection
                is_kept = connection.sent > 0
                outcome = await connection.send(envelope, chunks, in_one_turn=self._in_one_turn)
                self._learn(connection, outcome)
            if not (is_kept and outcome.is_turned_away):
                return outcome

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection | ConnectFailure]:
        """A connection for the block, or the failure to make one."""
        connection = await self.acquire()
        try:
            yield connection
        finally:
            if isinstance(connection, Connection):
                self.release(connection)

    async def acquire(self) -> Connection | ConnectFailure:
        """Waits for a free place; what is returned, if not a failure, must be given to `release`."""
        await self._slots.acquire()
        try:
            connection = await self._take_idle() or await connect(self.endpoint)
        except BaseException:
            self._slots.release()
            raise
        if isinstance(connection, ConnectFailure):
            self._slots.release()
        return connection

    def release(self, connection: Connection) -> None:
        """Keeps the connection for the next message, or closes it when it has served."""
        if self._is_closed or not self._is_fit(connection):
            farewell = asyncio.create_task(self._retire(connection))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
            return
        self._idle.append(connection)
        self._slots.release()
        if self._reaping is None or self._reaping.done():
            self._reaping = asyncio.create_task(self._reap())

    async def close(self) -> None:
        """Says goodbye on all idle connections; those in use follow when they are released."""
        self._is_closed = True
        if self._reaping is not None:
            self._reaping.cancel()
        await asyncio.gather(*(connection.close() for connection in self._idle), *self._farewells)
        self._idle.clear()

    async def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if self._is_fit(connection) and connection.idle_s < self._idle_seconds:
                return connection
            await connection.close()
        return None

    def _is_fit(self, connection: Connection) -> bool:
        is_current = connection.endpoint is self.endpoint
        most = min(self._max_messages, connection.offers.max_messages or self._max_messages)
        return is_current and connection.sent < most and connection.is_usable

    async def _retire(self, connection: Connection) -> None:
        try:
            await connection.close()
        finally:
            self._slots.release()

    async def _reap(self) -> None:
        """Closes connections that nobody wanted for `idle_seconds`, the longest idle first."""
        while self._idle:
            await asyncio.sleep(max(0.0, self._idle_seconds - self._idle[0].idle_s))
            async with self._slots:
                if self._idle and self._idle[0].idle_s >= self._idle_seconds:
                    await self._idle.popleft().close()

    def _learn(self, connection: Connection, outcome: Outcome) -> None:
        """Becomes careful with a server after losing a conversation in a way that care would have prevented."""
        for result in outcome.results:
            if not isinstance(result.answer, Lost):
                continue
            if result.phase is Phase.MAIL and result.answer.may_have_been_accepted:
                self._in_one_turn = False  # closed between messages just as the next was written
            elif result.phase in (Phase.RCPT, Phase.DATA) and connection.offers.pipelining:
                # MAIL was answered and the command in the same packet was not: some middleboxes offer PIPELINING
                # and read one line a packet. What else it may have been costs only speed.
                self.endpoint = replace(self.endpoint, avoid=self.endpoint.avoid | {"PIPELINING"})
