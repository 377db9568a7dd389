"""How is a port served by SMTP: who may connect, how many, and how does it stop without losing a message?"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ssl import SSLContext

from postroom.errors import PostroomError
from postroom.smtp.answers import write_reply
from postroom.smtp.reception import Conversation, Peer
from postroom.smtp.server_session import Limits, ServerSession

__all__ = ["Limits", "ListenError", "Listener", "Place"]


class ListenError(PostroomError):
    """The server cannot listen on its address and port."""

    code = "cannot_listen"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listener listens (port 0: any free one) and the settings that say so, for the words of an error."""

    host: str
    port: int
    host_setting: str
    port_setting: str


class Listener:
    """An SMTP server on one port, in the running event loop; asyncio's own or uvloop's."""

    def __init__(
        self, place: Place, *, limits: Limits, tls: SSLContext, converse: Callable[[Peer], Conversation]
    ) -> None:
        self._place = place
        self._limits = limits
        self._tls = tls
        self._converse = converse
        self._hostname = socket.gethostname()
        self._sessions: set[ServerSession] = set()
        self._all_ended = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else self._place.port

    async def start(self) -> None:
        """Listen; ListenError when the port cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._accept, self._place.host, self._place.port)
        except OSError as error:
            raise ListenError(_explain(error, self._place), field=self._place.port_setting) from error

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
        session = ServerSession(
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


def _explain(error: OSError, place: Place) -> str:
    where = f"port {place.port} of {place.host}"
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"{where} is taken by another program. Stop that program, or set {place.port_setting} to a free port."
            )
        case errno.EACCES | errno.EPERM:
            return f"This user may not listen on {where}. Set {place.port_setting} to a port above 1023."
        case errno.EADDRNOTAVAIL:
            return (
                f"{place.host} is no address of this machine. Set {place.host_setting} to one, or to 0.0.0.0 for all."
            )
    reason = os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else str(error)
    return f"It is not possible to listen on {where}: {reason}. See {place.host_setting} and {place.port_setting}."
