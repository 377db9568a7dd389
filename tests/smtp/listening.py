"""How does a test run one of our listeners beside itself and talk to it as an odd client would?"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self, TypeVar

import uvloop

from postroom.smtp.reception import Conversation, Peer
from postroom.smtp.self_signed import keep_certificate, server_context
from postroom.smtp.server import Limits, Listener
from tests.peers.waiting import PATIENCE_SECONDS

T = TypeVar("T")
NewLoop = Callable[[], asyncio.AbstractEventLoop]


class Background:
    """An event loop in a thread of its own."""

    def __init__(self, new_loop: NewLoop = uvloop.new_event_loop) -> None:
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@cache
def certificate() -> bytes:
    with TemporaryDirectory() as folder:
        return keep_certificate(Path(folder), hostname="mail.example.com").read_bytes()


@cache
def tls_context() -> ssl.SSLContext:
    with TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.write_bytes(certificate())
        return server_context(path)


def make_listener(
    converse: Callable[[Peer], Conversation], *, limits: Limits | None = None, port: int = 0, host: str = "127.0.0.1"
) -> Listener:
    limits = limits or Limits(message_bytes=1_000_000)
    return Listener(host, port, limits=limits, tls=tls_context(), converse=converse)


@contextmanager
def listening(
    converse: Callable[[Peer], Conversation], *, limits: Limits | None = None, new_loop: NewLoop = uvloop.new_event_loop
) -> Iterator[int]:
    """The port on which such conversations are held."""
    background = Background(new_loop)
    listener = make_listener(converse, limits=limits)
    try:
        background.run(listener.start())
        yield listener.port
    finally:
        background.run(listener.stop(patience_seconds=1))
        background.close()


class RawClient:
    """Writes octets as told and reads replies."""

    def __init__(self, port: int, *, greeting: bool = True) -> None:
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self._unread = b""
        if greeting:
            assert self.reply().startswith("220 ")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def say(self, *lines: str) -> str:
        """Send these lines in one segment; the reply to the last."""
        self.send("".join(f"{line}\r\n" for line in lines).encode())
        return [self.reply() for _ in lines][-1]

    def reply(self) -> str:
        """The next reply, its lines joined by blanks; "" when the server has closed."""
        lines = []
        while True:
            line = self._line()
            lines.append(line)
            if line[3:4] != "-":
                return " ".join(lines)

    def rest(self) -> list[str]:
        """All replies until the server closes."""
        return list(iter(self.reply, ""))

    def start_tls(self) -> str:
        """STARTTLS without checking the certificate; the reply to it."""
        reply = self.say("STARTTLS")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        return reply

    def _line(self) -> str:
        while b"\r\n" not in self._unread:
            octets = self.socket.recv(65_536)
            if not octets:
                return ""
            self._unread += octets
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line.decode()
