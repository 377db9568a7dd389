"""An SMTP server that takes everything and keeps nothing, to measure clients against: `python -m postroom.bench.sink`.

It speaks PIPELINING and, when asked, CHUNKING; with a latency it answers each packet that much later, as a server far
away does.
"""

import argparse
import asyncio
import re
from collections.abc import Callable
from typing import cast

import uvloop

GREETING = b"220 sink ESMTP\r\n"
HELLO = (
    b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 104857600\r\n%b250 ENHANCEDSTATUSCODES\r\n"
)
OK = b"250 2.0.0 Ok\r\n"
GO_AHEAD = b"354 Go\r\n"
BYE = b"221 2.0.0 Bye\r\n"
_BDAT = re.compile(rb"BDAT (\d+)( LAST)?", re.IGNORECASE)


class Sink(asyncio.Protocol):
    """One session; who wants more of it overrides `hear` and `take`."""

    def __init__(self, *, latency: float, chunking: bool) -> None:
        self._latency = latency
        self._hello = HELLO % (b"250-CHUNKING\r\n" if chunking else b"")
        self._buffer = bytearray()
        self._read: Callable[[], bytes | None] = self._read_command
        self._content = bytearray()
        self._chunk_left = 0
        self._is_last_chunk = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._answer(GREETING)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = b""
        while (answer := self._read()) is not None:
            answers += answer
        if answers:
            self._answer(answers)

    def hear(self, verb: bytes, _line: bytes) -> bytes:
        """The answer to a command, its verb in capitals; the message follows after GO_AHEAD itself."""
        if verb in (b"EHLO", b"HELO"):
            return self._hello
        if verb == b"DATA":
            return GO_AHEAD
        return BYE if verb == b"QUIT" else OK

    def take(self, _content: bytes) -> bytes:
        """The answer to a message."""
        return OK

    def _answer(self, octets: bytes) -> None:
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._write, octets)
        else:
            self._transport.write(octets)

    def _write(self, octets: bytes) -> None:
        if not self._transport.is_closing():  # uvloop would raise
            self._transport.write(octets)

    def _read_command(self) -> bytes | None:
        line, found, _ = self._buffer.partition(b"\n")
        if not found:
            return None
        del self._buffer[: len(line) + 1]
        if chunk := _BDAT.match(line):
            self._chunk_left, self._is_last_chunk = int(chunk[1]), chunk[2] is not None
            self._read = self._read_chunk
            return b""
        answer = self.hear(bytes(line[:4]).upper(), bytes(line))
        if answer is GO_AHEAD:
            self._read = self._read_data
        return answer

    def _read_data(self) -> bytes | None:
        end = self._buffer.find(b"\r\n.\r\n")
        if end < 0:
            return None
        self._content += self._buffer[: end + 2]
        del self._buffer[: end + 5]
        return self._take_all()

    def _read_chunk(self) -> bytes | None:
        taken = min(self._chunk_left, len(self._buffer))
        self._content += self._buffer[:taken]
        del self._buffer[:taken]
        self._chunk_left -= taken
        if self._chunk_left:
            return None
        self._read = self._read_command
        return self._take_all() if self._is_last_chunk else OK

    def _take_all(self) -> bytes:
        content, self._content = bytes(self._content), bytearray()
        self._read = self._read_command
        return self.take(content)


async def listen(port: int, *, latency: float, chunking: bool) -> None:
    """Serve on loopback until cancelled; prints the port when ready."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(latency=latency, chunking=chunking), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - what the one who started it waits for
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--chunking", action="store_true")
    options = parser.parse_args()
    uvloop.run(listen(options.port, latency=options.latency_ms / 1000, chunking=options.chunking))


if __name__ == "__main__":
    main()
