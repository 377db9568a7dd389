"""What does an aiosmtpd do with our mail: a server without PIPELINING, CHUNKING and DSN, as small ones are?"""

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.peers.certificates import TlsFiles
from tests.peers.programs import free_port
from tests.peers.waiting import PATIENCE_SECONDS, wait_until


class Aiosmtpd:
    """A running aiosmtpd that keeps in memory what it takes; made by `run_aiosmtpd`."""

    host = "127.0.0.1"

    def __init__(self, replies: Mapping[str, str], accounts: Mapping[str, str], max_recipients: int) -> None:
        self.port = free_port()
        self._replies = replies
        self._accounts = accounts
        self._max_recipients = max_recipients
        self._received: list[tuple[str, bytes]] = []

    def messages(self, address: str, *, count: int = 1, timeout: float = PATIENCE_SECONDS) -> list[bytes]:
        """All messages taken for `address`, oldest first, without a field of its own; AssertionError for too few."""

        def found() -> list[bytes]:
            return [content for recipient, content in self._received if recipient == address]

        assert wait_until(lambda: len(found()) >= count, timeout), f"{len(found())} of {count} messages for {address}"
        return found()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= self._max_recipients:
            return "452 4.5.3 Too many recipients"
        reply = self._replies.get(address.partition("@")[0], "250 2.1.5 Ok")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self._received += [(recipient, envelope.content) for recipient in envelope.rcpt_tos]
        return "250 2.0.0 Taken"

    def check_login(self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, login: Any) -> AuthResult:
        is_right = self._accounts.get(login.login.decode()) == login.password.decode()
        return AuthResult(success=is_right, handled=is_right)


@contextmanager
def run_aiosmtpd(
    *,
    tls: TlsFiles,
    replies: Mapping[str, str],
    accounts: Mapping[str, str],
    max_message_bytes: int,
    max_recipients: int,
) -> Iterator[Aiosmtpd]:
    """Start one in a thread; `replies` are answers to RCPT by local part, `accounts` passwords by user."""
    peer = Aiosmtpd(replies, accounts, max_recipients)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    controller = Controller(
        peer,
        hostname=peer.host,
        port=peer.port,
        loop=asyncio.new_event_loop(),
        tls_context=context,
        authenticator=peer.check_login,
        data_size_limit=max_message_bytes,
        enable_SMTPUTF8=True,
    )
    controller.start()
    try:
        yield peer
    finally:
        controller.stop()
