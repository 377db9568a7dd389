"""Where does the mail of a trial go, and who remembers what really arrived?"""

import asyncio
import json
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import cast

from postroom.bench.sink import GO_AHEAD, OK, Sink
from postroom.chaos.ledger import Copy

START_TLS = b"220 2.0.0 Go\r\n"
NO_SENDER = b"503 5.5.1 MAIL first\r\n"
NO_RECIPIENTS = b"554 5.5.1 No valid recipients\r\n"
_PATH = re.compile(rb"<([^>]*)>")
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_REPLIES = {421: b"421 4.3.2 Closing for a moment\r\n", 451: b"451 4.3.0 Try again later\r\n"}
REFUSAL_CHANCE = 0.05  # of being given at an occasion: spread over the trial


class Book:
    """The sink's ledger: a line in a file for each message, written before it is answered."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b", buffering=0)  # nothing waits in this process
        self.taken = 0

    def write(self, message_id: str, recipients: Sequence[str]) -> None:
        line = {"at": datetime.now(UTC).isoformat(), "message_id": message_id, "recipients": recipients}
        self._file.write(json.dumps(line).encode() + b"\n")
        self.taken += len(recipients)

    def read(self) -> list[Copy]:
        self._file.seek(0)
        entries = map(json.loads, self._file.readlines())
        return [
            Copy(entry["message_id"], recipient, datetime.fromisoformat(entry["at"]))
            for entry in entries
            for recipient in entry["recipients"]
        ]

    def close(self) -> None:
        self._file.close()


@dataclass(slots=True)
class Destination:
    """A server that takes mail: what it offers, and the replies (verb, code) it gives once each at some occasion."""

    book: Book
    chance: Random
    latency: float = 0.0
    chunking: bool = False
    tls: ssl.SSLContext | None = None
    refusals: list[tuple[bytes, int]] = field(default_factory=list)
    sessions: "set[LedgerSink]" = field(default_factory=set)
    server: asyncio.Server | None = None

    async def listen(self) -> int:
        """On loopback; the port."""
        self.server = await asyncio.get_running_loop().create_server(lambda: LedgerSink(self), "127.0.0.1", 0)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    def refuse(self, verb: bytes) -> int | None:
        """The code of a refusal that is due now."""
        if self.chance.random() < REFUSAL_CHANCE:
            for refusal in self.refusals:
                if refusal[0] == verb:
                    self.refusals.remove(refusal)
                    return refusal[1]
        return None


class LedgerSink(Sink):
    """One session, which keeps to the order of commands."""

    def __init__(self, destination: Destination) -> None:
        super().__init__(latency=destination.latency, chunking=destination.chunking)
        self._destination = destination
        self._recipients: list[str] | None = None  # None: no MAIL yet
        self._is_encrypted = False
        self._is_leaving = False
        self._encrypting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._destination.sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._destination.sessions.discard(self)

    def hear(self, verb: bytes, line: bytes) -> bytes:
        if code := self._destination.refuse(verb):
            return self._refuse(code)
        match verb:
            case b"EHLO" | b"HELO":
                return self._offer()
            case b"STAR":
                self._encrypting = asyncio.create_task(self._encrypt())
                return START_TLS
            case b"MAIL":
                self._recipients = []
            case b"RCPT":
                return self._add_recipient(line)
            case b"DATA":
                return GO_AHEAD if self._recipients else NO_RECIPIENTS
            case b"RSET":
                self._recipients = None
            case _:
                return super().hear(verb, line)
        return OK

    def take(self, content: bytes) -> bytes:
        recipients, self._recipients = self._recipients, None
        if code := self._destination.refuse(b"."):
            return self._refuse(code)
        message_id = _MESSAGE_ID.search(content)
        if not recipients or message_id is None:
            return NO_RECIPIENTS
        self._destination.book.write(message_id[1].decode(), recipients)
        return OK

    def _answer(self, octets: bytes) -> None:
        super()._answer(octets)
        if self._is_leaving:
            asyncio.get_running_loop().call_later(self._latency, self._transport.close)

    def _refuse(self, code: int) -> bytes:
        if code == 421:
            self._is_leaving = True
            self._read = lambda: None  # what was pipelined behind is not obeyed any more
        return _REPLIES[code]

    def _offer(self) -> bytes:
        self._recipients = None
        if self._destination.tls is None or self._is_encrypted:
            return self._hello
        return self._hello.replace(b"250 ", b"250-STARTTLS\r\n250 ")

    def _add_recipient(self, line: bytes) -> bytes:
        path = _PATH.search(line)
        if self._recipients is None or path is None:
            return NO_SENDER
        self._recipients.append(path[1].decode())
        return OK

    async def _encrypt(self) -> None:
        """Begun before the client's next octets are read; a handshake that is cut ends the session."""
        context = cast("ssl.SSLContext", self._destination.tls)  # it was offered
        self._is_encrypted = True
        with suppress(OSError):
            encrypted = await asyncio.get_running_loop().start_tls(self._transport, self, context, server_side=True)
            self._transport = encrypted or self._transport
