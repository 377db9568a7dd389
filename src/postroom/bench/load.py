"""Hands in mail as fast as a server takes it.

`python -m postroom.bench.load WAY PORT KEY CONNECTIONS RECIPIENTS SECONDS`, with so many recipients a message. Each
connection waits for its answer before it hands in the next mail. Prints what came of it as one line of JSON.
"""

import asyncio
import json
import re
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Generator
from itertools import count
from typing import cast

import uvloop

from postroom.bench.content import AUTHOR, HTML, TEXT

BATCH_RECIPIENTS = 1_000
_HEAD = re.compile(rb"HTTP/1\.1 (\d{3})[^\r]*\r\n(?:[^\r]*\r\n)*?content-length: (\d+)\r\n", re.IGNORECASE)
_REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*(\d{3}) [^\n]*\n")
# Yields what to send, is sent the status or reply code of the answer.
Script = Generator[bytes, int, None]
_numbers = count()


class Connection(asyncio.Protocol):
    """One connection that speaks a script; `cut` says how long the first answer in a buffer is, and its code."""

    def __init__(self, script: Script, cut: Callable[[bytes], tuple[int, int] | None]) -> None:
        self._script = script
        self._cut = cut
        self._buffer = b""
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(next(self._script))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while answer := self._cut(self._buffer):
            length, code = answer
            self._buffer = self._buffer[length:]
            try:
                self._transport.write(self._script.send(code))
            except StopIteration:
                self._transport.close()
                return

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


class Load:
    """What is handed in until `deadline`, and the codes that were answered; `waits` are seconds for each answer."""

    def __init__(self, key: str, deadline: float, *, recipients: int) -> None:
        self._key = key
        self._deadline = deadline
        self._recipients = recipients
        self.batch_messages = max(1, BATCH_RECIPIENTS // recipients)
        self.codes: Counter[int] = Counter()
        self.waits: list[float] = []

    def http(self) -> Script:
        yield from self._post("/api/v1/messages", self._message)

    def batch(self) -> Script:
        yield from self._post(
            "/api/v1/messages/batch", lambda: {"messages": [self._message() for _ in range(self.batch_messages)]}
        )

    def smtp(self) -> Script:
        yield from self._log_in()
        while self.goes_on:
            yield from self._hand_in()

    def smtp_once(self) -> Script:
        yield from self._log_in()
        yield from self._hand_in()
        yield b"QUIT\r\n"

    @property
    def goes_on(self) -> bool:
        return time.perf_counter() < self._deadline

    def _post(self, path: str, write: Callable[[], object]) -> Script:
        while self.goes_on:
            body = json.dumps(write()).encode()
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._key}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            yield from self._timed(head.encode() + body)

    def _log_in(self) -> Script:
        yield b""  # the server speaks first
        yield b"EHLO bench.example.com\r\n"
        yield b"AUTH PLAIN " + b64encode(f"\0bench\0{self._key}".encode()) + b"\r\n"

    def _hand_in(self) -> Script:
        number = next(_numbers)
        yield f"MAIL FROM:<{AUTHOR}>\r\n".encode()
        for recipient in self._addresses(number):
            yield f"RCPT TO:<{recipient}>\r\n".encode()
        yield b"DATA\r\n"
        yield from self._timed(_mime(number))

    def _timed(self, octets: bytes) -> Script:
        started = time.perf_counter()
        self.codes[(yield octets)] += 1
        self.waits.append(time.perf_counter() - started)

    def _message(self) -> dict[str, object]:
        number = next(_numbers)
        fields = {"from": AUTHOR, "subject": f"Quotation {number}", "text": TEXT, "html": HTML}
        return {**fields, "to": self._addresses(number)}

    def _addresses(self, number: int) -> list[str]:
        return [f"customer{number}.{index}@customer.example.com" for index in range(self._recipients)]


def _mime(number: int) -> bytes:
    return (
        f"From: Mary <{AUTHOR}>\r\nTo: customer{number}.0@customer.example.com\r\nSubject: Quotation {number}\r\n"
        "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative; boundary=limit\r\n\r\n"
        f"--limit\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}\r\n"
        f"--limit\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{HTML}\r\n--limit--\r\n.\r\n"
    ).encode()


def _cut_http(buffer: bytes) -> tuple[int, int] | None:
    head_end = buffer.find(b"\r\n\r\n")
    match = _HEAD.match(buffer) if head_end >= 0 else None
    if match is None:
        return None
    length = head_end + 4 + int(match[2])
    return (length, int(match[1])) if len(buffer) >= length else None


def _cut_smtp(buffer: bytes) -> tuple[int, int] | None:
    match = _REPLY.match(buffer)
    return (match.end(), int(match[1])) if match else None


async def _run(way: str, port: int, *, load: Load, connections: int) -> dict[str, object]:
    started = time.perf_counter()
    script, cut = getattr(load, way), _cut_smtp if way.startswith("smtp") else _cut_http

    async def keep_on() -> None:
        while load.goes_on:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(script(), cut), "127.0.0.1", port
            )
            await connection.ended

    await asyncio.gather(*(keep_on() for _ in range(connections)))
    waits = sorted(load.waits)
    return {
        "seconds": time.perf_counter() - started,
        "accepted": load.codes.pop(250 if way.startswith("smtp") else 202, 0)
        * (load.batch_messages if way == "batch" else 1),
        "refused": dict(load.codes),
        "median_ms": round(waits[len(waits) // 2] * 1000, 1),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 1),
    }


def main() -> None:
    way, port, key, connections, recipients, seconds = sys.argv[1:]
    load = Load(key, time.perf_counter() + float(seconds), recipients=int(recipients))
    print(json.dumps(uvloop.run(_run(way, int(port), load=load, connections=int(connections)))))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
