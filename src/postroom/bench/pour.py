"""Hands in numbered mails by SMTP as other domains' servers do: each until it was answered with 250, over and over.

`python -m postroom.bench.pour PORT RECIPIENT MAILS CONNECTIONS` prints what came of it as one line of JSON.
"""

import asyncio
import json
import sys
import time
from asyncio import StreamReader, StreamWriter
from dataclasses import asdict, dataclass, field

import uvloop

from postroom.bench.content import TEXT

AGAIN_SECONDS = 0.05  # after a connection was lost; a mail server would wait for minutes
PATIENCE_SECONDS = 60


@dataclass(slots=True)
class Tally:
    """`accepted` mails were answered with 250, `refused` replies with anything else, `lost` connections broke."""

    accepted: int = 0
    refused: int = 0
    lost: int = 0
    seconds: float = 0


@dataclass(slots=True)
class Pour:
    """What is still to be handed in, by number."""

    port: int
    recipient: str
    waiting: list[int]
    tally: Tally = field(default_factory=Tally)

    async def keep_on(self) -> None:
        while self.waiting:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            try:
                await self._converse(reader, writer)
            finally:
                writer.close()

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        number = None
        try:
            await _reply(reader)
            writer.write(b"EHLO mx.customer.example.com\r\n")
            await _reply(reader)
            while self.waiting:
                number = self.waiting.pop()
                await self._hand_in(reader, writer, number)
                number = None
        except (OSError, EOFError, TimeoutError):
            self.tally.lost += 1
            await asyncio.sleep(AGAIN_SECONDS)
        finally:
            if number is not None:
                self.waiting.append(number)

    async def _hand_in(self, reader: StreamReader, writer: StreamWriter, number: int) -> None:
        commands = f"MAIL FROM:<mary@customer.example.com>\r\nRCPT TO:<{self.recipient}>\r\nDATA\r\n"
        writer.write(commands.encode())
        for _ in range(3):
            await _reply(reader)
        writer.write(_mail(number))
        if await _reply(reader) == 250:
            self.tally.accepted += 1
        else:
            self.tally.refused += 1
            self.waiting.insert(0, number)


async def _reply(reader: StreamReader) -> int:
    while (line := await asyncio.wait_for(reader.readuntil(b"\n"), PATIENCE_SECONDS))[3:4] == b"-":
        pass
    return int(line[:3])


def _mail(number: int) -> bytes:
    return (
        f"From: Mary <mary@customer.example.com>\r\nSubject: Question {number}\r\n"
        f"Message-ID: <{number}@customer.example.com>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\n{TEXT}\r\n.\r\n"
    ).encode()


async def _run(pour: Pour, connections: int) -> Tally:
    started = time.perf_counter()
    await asyncio.gather(*(pour.keep_on() for _ in range(connections)))
    pour.tally.seconds = time.perf_counter() - started
    return pour.tally


def main() -> None:
    port, recipient, mails, connections = sys.argv[1:]
    pour = Pour(int(port), recipient, list(range(int(mails))))
    print(json.dumps(asdict(uvloop.run(_run(pour, int(connections))))))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
