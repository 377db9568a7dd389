"""How is a network made that fails at a chosen point of an SMTP dialog? A relay between worker and server."""

import asyncio
import re
import socket
import struct
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from random import Random

from postroom.chaos.cuts import OF_MESSAGE, Cut, Kind, Point, Way

CUT_CHANCE = 0.3  # of a planned failure to come at an occasion: spread over connections
POINTS = {b"EHLO": Point.EHLO, b"STAR": Point.STARTTLS, b"MAIL": Point.MAIL, b"RCPT": Point.RCPT, b"DATA": Point.DATA,
          b"QUIT": Point.QUIT}  # fmt: skip
BODY_LINE = 20  # where the message of a trial is in its midst
WITH_CONSENT = (Point.DATA, Point.STARTTLS)
BLOCK = 65_536
_BDAT = re.compile(rb"BDAT (\d+)", re.IGNORECASE)
# SO_LINGER on, with no time: closing sends RST, as a router does that has forgotten the connection.
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """One link to one server; `made` are the cuts it has made of those planned."""

    def __init__(self, target: int, cuts: list[Cut], *, chance: Random, stall_seconds: float) -> None:
        self.planned = cuts
        self.made: list[Cut] = []
        self.stall_seconds = stall_seconds
        self._target = target
        self._chance = chance
        self._late: list[Cut] = []
        self._messages_to_late = 0
        self._relaying: set[asyncio.Task[None]] = set()
        self.port = 0

    def put_off_half(self, *, until: int) -> None:
        """Half of the failures inside transactions come only after so many messages."""
        self._late = [cut for cut in self.planned if cut.point in OF_MESSAGE][::2]
        self.planned = [cut for cut in self.planned if cut not in self._late]
        self._messages_to_late = until

    async def listen(self) -> None:
        """On loopback, on any free `port`."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=BLOCK)
        self.port = server.sockets[0].getsockname()[1]

    @property
    def left(self) -> list[Cut]:
        """What is still to come."""
        return self.planned + self._late

    def take(self, point: Point, way: Way) -> Kind | None:
        """How the network fails here and now, if it does."""
        if point is Point.END and way is Way.BACK:
            self._messages_to_late -= 1
        if self._messages_to_late <= 0:
            self.planned += self._late
            self._late = []
        due = [cut for cut in self.planned if cut.point is point and cut.way is way]
        if not due or self._chance.random() > CUT_CHANCE:
            return None
        self.planned.remove(due[0])
        self.made.append(due[0])
        return due[0].kind

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relaying = asyncio.create_task(self._relay(reader, writer))
        self._relaying.add(relaying)
        relaying.add_done_callback(self._relaying.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = Relay(self, reader, writer)
        try:
            with suppress(OSError, EOFError):
                await relay.run(self._target)
        finally:
            relay.end()


class _ResetError(ConnectionError):
    """Both sides have got an RST."""


class Relay:
    """One connection: commands go there, replies come back, both are understood well enough to know the point."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = reader, writer
        self._writers = [writer]
        self._asked: deque[Point | None] = deque([Point.GREETING])
        self._go_ahead: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._is_opaque = False  # after STARTTLS

    async def run(self, target: int) -> None:
        await self._pass_point(Point.CONNECT, Way.THERE, self._client[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", target, limit=BLOCK)
        self._writers.append(writer)
        there = self._carry_commands(self._client[0], writer)
        back = self._carry_replies(reader, self._client[1])
        await _first_of(there, back)

    def end(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _carry_commands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self._is_opaque:
            line = await _read_line(reader)
            point = POINTS.get(line[:4].upper())
            if point is not None:
                await self._pass_point(point, Way.THERE, reader)
            if chunk := _BDAT.match(line):
                await self._carry_chunk(reader, writer, line, int(chunk[1]))
                continue
            self._asked.append(point)
            writer.write(line)
            # Neither a message nor TLS begins before the server has agreed.
            if point in WITH_CONSENT and (await self._reply())[:1] == b"3":
                await self._carry_text(reader, writer)
        await self._carry_opaque(reader, writer, Way.THERE)

    async def _carry_text(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A message up to its dot."""
        line, count = b"", 0
        while line != b".\r\n":
            writer.write(line)
            line = await _read_line(reader)
            count += 1
            if count == BODY_LINE:
                await self._pass_point(Point.BODY, Way.THERE, reader)
        await self._pass_point(Point.END, Way.THERE, reader)
        self._asked.append(Point.END)
        writer.write(line)

    async def _carry_chunk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes, octets: int
    ) -> None:
        writer.write(line)
        writer.write(await reader.readexactly(octets // 2))
        await self._pass_point(Point.BODY, Way.THERE, reader)
        rest = await reader.readexactly(octets - octets // 2)
        writer.write(rest[:-1])
        await self._pass_point(Point.END, Way.THERE, reader)
        self._asked.append(Point.END)
        writer.write(rest[-1:])

    async def _carry_replies(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self._is_opaque:
            lines = [await _read_line(reader)]
            while lines[-1][3:4] == b"-":
                lines.append(await _read_line(reader))
            point = self._asked.popleft() if self._asked else None
            if point is not None:
                await self._pass_point(point, Way.BACK, reader)
            self._is_opaque = point is Point.STARTTLS and lines[0].startswith(b"2")
            writer.write(b"".join(lines))
            if point in WITH_CONSENT:
                self._go_ahead.set_result(lines[0])
        await self._carry_opaque(reader, writer, Way.BACK)

    async def _carry_opaque(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
        is_first = True
        while block := await reader.read(BLOCK):
            if is_first:
                await self._pass_point(Point.HANDSHAKE, way, reader)
            is_first = False
            writer.write(block)

    async def _reply(self) -> bytes:
        """The reply to what was just asked."""
        reply = await self._go_ahead
        self._go_ahead = asyncio.get_running_loop().create_future()
        return reply

    async def _pass_point(self, point: Point, way: Way, reader: asyncio.StreamReader) -> None:
        """Go on when the network does."""
        match self._proxy.take(point, way):
            case Kind.STALL:
                await asyncio.sleep(self._proxy.stall_seconds)
            case Kind.DROP:
                while await reader.read(BLOCK):
                    pass
                raise EOFError
            case Kind.RESET:
                self._reset()
                raise _ResetError

    def _reset(self) -> None:
        for writer in self._writers:
            plug: socket.socket = writer.get_extra_info("socket")
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


async def _first_of(*directions: Awaitable[None]) -> None:
    """Until one direction has ended, in whatever way."""
    carrying = [asyncio.ensure_future(direction) for direction in directions]
    try:
        await asyncio.wait(carrying, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
