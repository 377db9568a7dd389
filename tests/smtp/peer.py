"""A server that says what a test tells it to, however odd, and notes what it hears."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from ssl import SSLContext

from postroom.smtp.client import Connection, connect
from postroom.smtp.endpoint import Endpoint, Security, Timeouts
from postroom.smtp.envelope import Envelope
from tests.peers.waiting import PATIENCE_SECONDS

PATIENT = Timeouts(**{field.name: PATIENCE_SECONDS for field in fields(Timeouts)})


def impatient(*phases: str, seconds: float = 0.5) -> Timeouts:
    """Patient but in these phases, in which the peer of the test is silent: a busy one may be late elsewhere."""
    return replace(PATIENT, **dict.fromkeys(phases, seconds))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 – what is waited for is no event
            await asyncio.sleep(0.01)


class Peer:
    """One accepted connection, seen from the server."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, over: asyncio.Event | None = None
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._over = over or asyncio.Event()

    async def say(self, *lines: str | bytes) -> None:
        """Writes lines in one packet; bytes as they are."""
        self.writer.write(b"".join(line if isinstance(line, bytes) else line.encode() + b"\r\n" for line in lines))
        await self.writer.drain()

    async def hear(self, start: str = "") -> str:
        """The next line, which must begin like this."""
        line = (await self.reader.readline()).decode()
        assert line.startswith(start), f"expected {start!r}, heard {line!r}"
        return line.rstrip("\r\n")

    async def hear_data(self) -> bytes:
        """What comes after 354, up to and with the final dot."""
        return await self.reader.readuntil(b"\r\n.\r\n")

    async def hear_bdat(self) -> bytes:
        size = (await self.hear("BDAT ")).split()[1]
        return await self.reader.readexactly(int(size))

    async def greet(self, *keywords: str) -> None:
        """A regular beginning, offering these extensions."""
        await self.say("220 peer.example ESMTP")
        await self.hear("EHLO ")
        await self.offer(*keywords)

    async def offer(self, *keywords: str) -> None:
        lines = ["peer.example", *keywords]
        await self.say(*[f"250-{line}" for line in lines[:-1]], f"250 {lines[-1]}")

    async def hear_envelope(self, *commands: str) -> None:
        for command in commands or ("MAIL FROM:", "RCPT TO:"):
            await self.hear(command)

    async def hear_end(self) -> None:
        """The client hangs up without another word."""
        assert await self.reader.read() == b""

    async def stay(self) -> None:
        """Neither reads nor closes until the test has done its part."""
        await self._over.wait()

    async def take_quit(self) -> None:
        await self.hear("QUIT")
        await self.say("221 Bye")


Script = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def scripted(
    *scripts: Script, timeouts: Timeouts = PATIENT, tls: SSLContext | None = None
) -> AsyncIterator[Endpoint]:
    """A server whose n-th connection follows the n-th script; at the end all must have run to their ends."""
    waiting = list(scripts)
    running: list[asyncio.Task[None]] = []
    over = asyncio.Event()

    async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert waiting, "one connection more than expected"
        running.append(asyncio.create_task(_play(waiting.pop(0), Peer(reader, writer, over=over))))

    server = await asyncio.start_server(follow, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Endpoint("127.0.0.1", port, Security.NONE, ehlo_name="client.example", timeouts=timeouts)
        over.set()
        await until(lambda: waiting == [])  # a client may have left before its connection was accepted
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
        server.close()


async def _play(script: Script, peer: Peer) -> None:
    try:
        await script(peer)
    finally:
        peer.writer.close()


async def connected(endpoint: Endpoint) -> Connection:
    connection = await connect(endpoint)
    assert isinstance(connection, Connection), connection
    return connection


CONTENT = b"Subject: Hello\r\n\r\nHello\r\n"


def envelope(*recipients: str, size: int = len(CONTENT), **properties: object) -> Envelope:
    return Envelope("mary@company.example", recipients or ("joe@peer.example",), size, **properties)  # type: ignore[arg-type]  # passed on as they are
