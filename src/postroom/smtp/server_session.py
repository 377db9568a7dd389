"""What happens on one connection of a listener: aiosmtpd's session, with what it lacks or gets wrong put right.

Which is, in aiosmtpd 1.4.6: no PIPELINING, ENHANCEDSTATUSCODES or 8-bit clean reading of long lines; a client that
closes its sending side loses the commands it had sent, and on a connection hung up on, pipelined commands are still
obeyed; a large message slower than the idle timeout is cut off; credentials are checked in the event loop; STARTTLS may
be given twice; command length limits are shared by all connections and grow with each EHLO; an unexpected error is
told to the client in full.
"""

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from ssl import SSLContext
from typing import NoReturn

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from postroom.smtp.alarm import Alarm
from postroom.smtp.answers import write_lines, write_reply
from postroom.smtp.auth_exchange import MECHANISMS, AuthSyntaxError, read_credentials
from postroom.smtp.message_reader import read_message
from postroom.smtp.reception import Conversation, Peer, ReceivedMail

log = structlog.get_logger()
# aiosmtpd logs every command word it does not know as the client sent it, escape sequences and all.
logging.getLogger("mail.log").setLevel(logging.ERROR)

# What may lie read but unused: a little more than the longest command. Twice this stops the reading of the socket.
READ_AHEAD_BYTES = 65_536
# RFC 5321 §4.5.3.1.4 wants 512 octets at least; RFC 6531, 1870 and 3461 add to MAIL and RCPT.
MAX_COMMAND_BYTES = 2_048
MAX_AUTH_BYTES = 12_288  # RFC 4954 §4
# Parameters of extensions we do not offer (RFC 3461, 4954) that clients were seen to send all the same: no reason to
# refuse mail.
IGNORED_PARAMETERS = frozenset({"NOTIFY", "ORCPT", "RET", "ENVID", "AUTH"})
# What most paths look like: aiosmtpd's reading of an address takes twenty times as long.
ORDINARY_PATH = re.compile(r"<([\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+)> *([!-~ ]*)", re.ASCII)
UNFIT_FOR_ADDRESS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# For the last reply to reach a client that we hang up on; one that reads nothing would keep the connection for good.
LINGER_SECONDS = 10.0
STOPPING = "421 4.3.2 The server is stopping; try again in a moment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one listener takes."""

    message_bytes: int
    recipients: int = 1_000  # a message; RFC 5321 §4.5.3.1.8 wants 100 at least
    connections: int = 500  # at once
    idle_seconds: float = 300.0  # RFC 5321 §4.5.3.2.7


class _Hooks:
    """Where aiosmtpd leaves the decision to others."""

    def __dir__(self) -> list[str]:
        """As in ServerSession: what aiosmtpd looks for."""
        return ["handle_RCPT"]

    async def handle_RCPT(  # noqa: N802 – name and arguments are aiosmtpd's
        self, server: "ServerSession", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        return await server.take_recipient(address)


class ServerSession(SMTP):
    """The protocol object of one connection."""

    line_length_limit = READ_AHEAD_BYTES
    command_size_limit = MAX_COMMAND_BYTES
    transport: asyncio.Transport | None
    _original_transport: asyncio.Transport | None
    session: Session
    envelope: Envelope
    _timeout_handle: Alarm  # type: ignore[assignment]  # cancelled as a TimerHandle is
    _handler_coroutine: asyncio.Task[None]

    def __init__(
        self,
        *,
        hostname: str,
        limits: Limits,
        tls: SSLContext,
        converse: Callable[[Peer], Conversation],
        on_end: Callable[["ServerSession"], None],
    ) -> None:
        super().__init__(
            _Hooks(),
            data_size_limit=limits.message_bytes,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="ESMTP Postroom",
            tls_context=tls,
            timeout=limits.idle_seconds,
            loop=asyncio.get_running_loop(),
        )
        self._timeout_handle = Alarm(self.loop, self._timeout_cb)
        self.command_size_limits = defaultdict(lambda: MAX_COMMAND_BYTES, AUTH=MAX_AUTH_BYTES)
        self._limits = limits
        self._converse = converse
        self._on_end = on_end
        self._is_receiving = False
        self._is_retiring = False
        self._lingering: asyncio.TimerHandle | None = None

    def __dir__(self) -> list[str]:
        """The commands: for each connection aiosmtpd would look through all that an object has, and find these."""
        return _commands(type(self))  # type: ignore[arg-type]  # a class can be hashed

    def retire(self) -> None:
        """Hang up: now, or after the reply to a message that is being received."""
        self._is_retiring = True
        if not self._is_receiving:
            self._end_with(STOPPING)

    def abort(self) -> None:
        lowest = self._original_transport or self.transport
        if lowest is not None:
            lowest.abort()

    async def take_recipient(self, address: str) -> str:
        if len(self.envelope.rcpt_tos) >= self._limits.recipients:
            return (
                f"452 4.5.3 Too many recipients: {self._limits.recipients} a message is the most; send the rest apart"
            )
        reply = await self._conversation.recipient(address)
        if reply.startswith("2"):
            self.envelope.rcpt_tos.append(address)
        return reply

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Also called by aiosmtpd when TLS has been set up: nothing said before counts (RFC 3207 §4.2)."""
        super().connection_made(transport)
        address = transport.get_extra_info("peername") or ("",)
        tls = transport.get_extra_info("ssl_object")
        self._conversation = self._converse(Peer(address[0], tls.version() if tls else None))

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._lingering is not None:
            self._lingering.cancel()
        self._on_end(self)

    def eof_received(self) -> bool:
        """A client may close its sending side behind its last command and still read the replies."""
        self._reader.feed_eof()
        return self.session.ssl is None

    def _reset_timeout(self, duration: float | None = None) -> None:
        self._timeout_handle.set(duration or self._timeout_duration)

    def _timeout_cb(self) -> None:
        self._end_with("421 4.4.2 Nothing was heard for too long")

    # What aiosmtpd's command loop calls.

    async def push(self, status: str | bytes) -> None:
        """Write a reply; after 221 and 421 hang up. CancelledError ends the command loop."""
        reply = status if isinstance(status, str) else status.decode()
        await self._write(write_reply(reply, utf8=self.envelope.smtp_utf8))
        if reply.startswith(("221", "421")):
            self._hang_up()

    async def handle_exception(self, error: Exception) -> str:
        match error:
            case asyncio.IncompleteReadError():
                return "421 4.4.2 You closed the connection"
            case asyncio.LimitOverrunError():
                return "500 5.5.6 Line too long"
            case TLSSetupException():
                return "421 4.7.0 TLS could not be set up"
        log.error("smtp.session_failed", exc_info=error)
        return "451 4.3.0 An internal error; nothing was stored, try again later"

    async def check_auth_needed(self, caller_method: str) -> bool:
        if not self._conversation.needs_auth or self.session.authenticated:
            return False
        wish = "Authenticate first" if self._conversation.offers_auth() else "Give STARTTLS first, then authenticate"
        await self.push(f"530 5.7.0 {wish}")
        return True

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802 – aiosmtpd finds commands by these names
        if not hostname:
            await self.push("501 Syntax: HELO hostname")
            return
        await self._greet(hostname, is_extended=False, keywords=[])

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not hostname:
            await self.push("501 Syntax: EHLO hostname")
            return
        await self._greet(hostname, is_extended=True, keywords=self._keywords())

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if self._tls_protocol:
            await self.push("503 5.5.1 TLS is in use already")
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        if refusal := self._auth_refusal():
            await self.push(refusal)
            return
        try:
            user, password = await read_credentials(arg or "", self._prompt)
        except AuthSyntaxError as error:
            await self.push(error.message)
            return
        reply = await self._conversation.authenticate(user, password)
        self.session.authenticated = reply.startswith("235")
        await self.push(reply)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if refusal := self._data_refusal(arg):
            await self.push(refusal)
            return
        self._is_receiving = True
        try:
            await self._write(b"354 End the message with CRLF.CRLF\r\n")
            content = await read_message(
                self._reader, max_bytes=self._limits.message_bytes, on_progress=self._reset_timeout
            )
            await self._answer(await self._deliver(content))
        finally:
            self._is_receiving = False
            self.envelope = self._create_envelope()
        if self._is_retiring:
            await self.push(STOPPING)

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        found = super()._getparams(params)
        return found and {name: value for name, value in found.items() if name not in IGNORED_PARAMETERS}

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Neither controls nor octets that are not UTF-8 reach a database or a header through an address."""
        if ordinary := ORDINARY_PATH.fullmatch(arg):
            return ordinary[1], ordinary[2]
        return (None, None) if UNFIT_FOR_ADDRESS.search(arg) else super()._getaddr(arg)

    # Steps of the above.

    async def _greet(self, hostname: str, *, is_extended: bool, keywords: list[str]) -> None:
        self.envelope = self._create_envelope()
        self.session.host_name = hostname
        self.session.extended_smtp = is_extended
        await self._write(write_lines("250", [self.hostname, *keywords]))

    def _keywords(self) -> list[str]:
        keywords = ["PIPELINING", f"SIZE {self._limits.message_bytes}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if not self._tls_protocol:
            keywords.append("STARTTLS")
        if self._conversation.offers_auth():
            keywords.append(f"AUTH {' '.join(MECHANISMS)}")
        return keywords

    def _auth_refusal(self) -> str | None:
        if not self.session.extended_smtp:
            return "503 5.5.1 Send EHLO first"
        if self.session.authenticated:
            return "503 5.5.1 You are authenticated already"
        if self.envelope.mail_from:
            return "503 5.5.1 Authenticate before MAIL"
        if self._conversation.offers_auth():
            return None
        return "502 5.5.1 No authentication here" if self._tls_protocol else "538 5.7.11 Give STARTTLS first"

    def _data_refusal(self, arg: str | None) -> str | None:
        if arg:
            return "501 5.5.4 Syntax: DATA"
        if not self.envelope.mail_from:
            return "503 5.5.1 Send MAIL first"
        return None if self.envelope.rcpt_tos else "554 5.5.1 No valid recipients"

    async def _prompt(self, words: str) -> bytes:
        await self._write(f"334 {words}\r\n".encode("ascii"))
        return await self._reader.readuntil(b"\n")

    async def _deliver(self, content: bytes | None) -> str | None:
        if content is None:
            return f"552 5.3.4 The message is larger than {self._limits.message_bytes} bytes"
        sender = (self.envelope.mail_from or "").replace("<>", "")
        helo = UNFIT_FOR_ADDRESS.sub("?", self.session.host_name or "")
        mail = ReceivedMail(sender, tuple(self.envelope.rcpt_tos), content, self._conversation.peer, helo)
        # However long storing takes: hanging up meanwhile would have the client send it again.
        self._timeout_handle.rest()
        return await self._conversation.deliver(mail)

    async def _answer(self, reply: str | None) -> None:
        self._reset_timeout()
        if reply is None:
            self._hang_up()
        else:
            for _ in range(self._replies_to_message()):
                await self.push(reply)

    def _replies_to_message(self) -> int:
        return 1

    async def _write(self, octets: bytes) -> None:
        try:
            self._writer.write(octets)
            await self._writer.drain()
        except ConnectionError:
            raise asyncio.CancelledError from None  # the client has gone: not worth a line in the log

    def _end_with(self, reply: str) -> None:
        """Hang up from outside the command loop."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(write_reply(reply, utf8=False))
            self._close()
            self._handler_coroutine.cancel()

    def _hang_up(self) -> NoReturn:
        """End the command loop here: cancelled as a task, it would obey what is pipelined until it next waits."""
        self._close()
        raise asyncio.CancelledError

    def _close(self) -> None:
        """What is written still goes out. TLS is closed from below too: a client may never answer its close_notify."""
        for transport in (self.transport, self._original_transport):
            if transport is not None:
                transport.close()
        self._lingering = self._lingering or self.loop.call_later(LINGER_SECONDS, self.abort)


@cache
def _commands(session_class: type) -> list[str]:
    return [name for name in dir(session_class) if name.startswith("smtp_")]
