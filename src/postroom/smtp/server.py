"""How is a port served by SMTP: who may connect, how many, and how does it stop without losing a message?"""

import asyncio
import socket
from collections.abc import Callable
from ssl import SSLContext

from postroom.errors import PostroomError
from postroom.smtp.answers import write_reply
from postroom.smtp.reception import Conversation, Peer
from postroom.smtp.server_session import Limits, ServerSession

__all__ = ["Limits", "ListenError", "Listener"]


class ListenError(PostroomError):
    """The server cannot listen on its address and port."""

    code = "cannot_listen"


class Listener:
    """An SMTP server on one port, in the running event loop; asyncio's own or uvloop's."""

    session_class: type[ServerSession] = ServerSession

    def __init__(
        self, host: str, port: int, *, limits: Limits, tls: SSLContext, converse: Callable[[Peer], Conversation]
    ) -> None:
        """`port` 0: any free one. `converse` makes the conversation of each connection."""
        self.host = host
        self.port = port
        self._limits = limits
        self._tls = tls
        self._converse = converse
        self._hostname = socket.gethostname()
        self._sessions: set[ServerSession] = set()
        self._all_ended = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; ListenError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, self.host, self.port)
        except OSError as error:
            raise ListenError(f"Port {self.port} on {self.host} cannot be listened on: {error}.") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self, *, patience_seconds: float = 30.0) -> None:
        """Take no more connections, hang up on idle ones, wait for messages being received; then cut what is left."""
        if self._server is None:
            return
        self._server.close()
        for session in tuple(self._sessions):
            session.retire()
        try:
            await asyncio.wait_for(self._wait_for_sessions(), patience_seconds)
        except TimeoutError:
            for session in tuple(self._sessions):
                session.abort()
            await self._wait_for_sessions()
        await self._server.wait_closed()

    def _accept(self) -> asyncio.Protocol:
        if len(self._sessions) >= self._limits.connections:
            return _Refusal()
        session = self.session_class(
            hostname=self._hostname, limits=self._limits, tls=self._tls, converse=self._converse, on_end=self._forget
        )
        self._sessions.add(session)
        self._all_ended.clear()
        return session

    def _forget(self, session: ServerSession) -> None:
        self._sessions.discard(session)
        if not self._sessions:
            self._all_ended.set()

    async def _wait_for_sessions(self) -> None:
        if self._sessions:
            await self._all_ended.wait()


class _Refusal(asyncio.Protocol):
    """For a connection too many."""

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]  # TCP's can be written to
        transport.write(write_reply("421 4.3.2 Too many connections; try again in a moment", utf8=False))
        transport.close()
