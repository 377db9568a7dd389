"""How do octets and replies travel over one TCP or TLS connection, and how does it end? The only I/O of a conversation.

What goes wrong is a sentence in `Wire.lost`, never an exception.
"""

import asyncio
import os
import select
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import cast

from postroom.rfc.reply import Reply, ReplyParser
from postroom.rfc.session import Phase
from postroom.smtp.alarm import Alarm
from postroom.smtp.dialog import Heard, Turn
from postroom.smtp.endpoint import Timeouts
from postroom.smtp.redaction import Redactor


def in_words(error: BaseException) -> str:
    """What an operating system or TLS error means, without Python's decoration."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return str(error.strerror)
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)  # asyncio puts its own text in the error's
    return str(error) or type(error).__name__


class Wire(asyncio.Protocol):
    """One connection. `lost` says why it can no longer be used; None while it can.

    `redactor` keeps secrets out of `lost`, which quotes what the server said.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts) -> None:
        self.lost: str | None = None
        self.redactor = Redactor()
        self._transport: asyncio.Transport
        self._loop = loop
        self._timeouts: dict[str, float] = asdict(timeouts)
        self._parser = ReplyParser()
        self._replies: list[Reply] = []
        # The server speaks first, maybe before we listen.
        self._phases: Sequence[Phase] = (Phase.GREETING,)
        self._waiter: asyncio.Future[None] | None = None
        self._alarm = Alarm(loop, self._time_out)
        self._is_full = False
        self._closed = loop.create_future()
        self._poll = select.poll()

    def check(self) -> str | None:
        """Why nothing more should be written; None while the connection is open and not an octet waits unread.

        Asks the system too: the loop may not yet have seen that the server closed.
        """
        if self.lost is None and self._parser.is_idle and not self._poll.poll(0):
            return None
        return self.lost or "the server closed the connection or spoke out of turn"

    @property
    def local_address(self) -> str:
        return str(self._transport.get_extra_info("sockname")[0])

    @property
    def is_encrypted(self) -> bool:
        return self._transport.get_extra_info("cipher") is not None

    @property
    def cipher_in_words(self) -> str:
        name, protocol, _ = self._transport.get_extra_info("cipher") or ("", "clear text", 0)
        return f"{protocol} {name}".rstrip()

    async def exchange(self, turn: Turn) -> Heard:
        """Writes the turn and waits until each of its phases has a reply, or none can come any more."""
        is_written = True
        if turn.octets or turn.stream:
            if self.lost is not None or self._transport.is_closing():
                return Heard([], self.lost or "the connection is closed", is_written=False)
            self._phases = turn.phases
            self._transport.write(turn.octets)
            is_written = await self._write_stream(turn.stream) if turn.stream else True
        if self.lost is None and len(self._replies) < len(self._phases):
            self._alarm.set(self._timeouts[self._phases[len(self._replies)]])
            await self._wait()
        replies, self._replies, self._phases = self._replies, [], ()
        self._alarm.rest()
        return Heard(replies, self.lost, is_written)

    async def encrypt(self, context: ssl.SSLContext, host: str) -> str | None:
        """Starts TLS; the reason in words when that fails.

        Clear text that came before the handshake was slipped in to be taken for a part of the encrypted conversation
        (CVE-2011-0411), or comes from a server that does not expect TLS here: either way the end.
        """
        if self._replies or self.check():
            return "the server sent clear text where TLS should begin"
        try:
            async with asyncio.timeout(self._timeouts[Phase.TLS]):
                transport = await self._loop.start_tls(self._transport, self, context, server_hostname=host)
        except (OSError, ValueError) as error:
            return in_words(error)
        if transport is None:
            return "the server closed the connection during the TLS handshake"
        self._transport = transport
        return None

    async def close(self) -> None:
        """Closes in order (TLS says goodbye), or by force when that takes longer than a farewell may."""
        self._transport.close()
        await asyncio.wait([self._closed], timeout=self._timeouts[Phase.QUIT])
        self._transport.abort()

    def abort(self) -> None:
        self._lose("we dropped the connection")
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        completed = self._parser.feed(data)
        self._replies += completed
        surplus = len(self._replies) - len(self._phases)
        if self._parser.fault:
            self._lose(self._parser.fault)
        elif surplus > 0:
            self._lose(f"the server spoke out of turn: {self._replies[-1]}")
            del self._replies[-surplus:]
        elif surplus == 0:
            self._wake()
        elif completed:  # octets alone buy no time: a reply may come one by one, but not for ever
            # After 421 the server closes (RFC 5321 §3.8); the rest of a pipelined group may stay without an answer.
            phase = Phase.QUIT if self._replies[-1].code == 421 else self._phases[surplus]
            self._alarm.set(self._timeouts[phase])

    def eof_received(self) -> None:
        self._lose("the server closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(in_words(exc) if exc else "the server closed the connection")
        self._alarm.cancel()
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    async def _write_stream(self, pieces: Iterator[bytes]) -> bool:
        """False when the server answered or went away before the last piece was written."""
        for piece in pieces:
            self._transport.write(piece)
            if self._is_full and self.lost is None and not self._replies:
                self._alarm.set(self._timeouts["block"])
                await self._wait()
            if self.lost is not None or self._replies:
                return False
        return True

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _lose(self, why: str) -> None:
        if self.lost is None:
            self.lost = self.redactor.text(why)
        self._wake()

    def _time_out(self) -> None:
        self._lose("the server did not answer in time")
        self._transport.abort()
