"""Where do the measured SMTP clients send to? A server, in a process of its own, that takes all and keeps nothing.

Run: python -m benchmarks._smtp_sink LATENCY_MS, then read its port from the first line it prints. Replies come after
the latency, as from a server that many milliseconds of round trip away.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import uvloop

REPLIES = {
    b"EHLO": b"250-sink.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n",
    b"DATA": b"354 Go\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}


@contextmanager
def sink(latency_ms: float = 0) -> Iterator[int]:
    """A running sink's port."""
    command = [sys.executable, "-m", "benchmarks._smtp_sink", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._buffer = b""
        self._is_in_data = False
        self._octets_left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's inherits from nothing
        self._answer(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        replies = b""
        while (reply := self._next_reply()) is not None:
            replies += reply
        if replies:
            self._answer(replies)

    def _next_reply(self) -> bytes | None:
        """The reply to what was read completely; None to wait for more."""
        if self._octets_left:
            taken = min(self._octets_left, len(self._buffer))
            self._buffer = self._buffer[taken:]
            self._octets_left -= taken
            return None if self._octets_left else b"250 2.0.0 Ok: taken\r\n"
        end = b"\r\n.\r\n" if self._is_in_data else b"\r\n"
        line, found, rest = self._buffer.partition(end)
        if not found:
            return None
        self._buffer = rest
        if self._is_in_data:
            self._is_in_data = False
            return b"250 2.0.0 Ok: taken\r\n"
        return self._obey(line)

    def _obey(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"BDAT":
            self._octets_left = int(line.split()[1])
            return b""
        self._is_in_data = verb == b"DATA"
        return REPLIES.get(verb, b"250 2.1.0 Ok\r\n")

    def _answer(self, replies: bytes) -> None:
        if self._latency_s:
            asyncio.get_running_loop().call_later(self._latency_s, self._transport.write, replies)
        else:
            self._transport.write(replies)


async def main(latency_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Sink(latency_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]) / 1000))
