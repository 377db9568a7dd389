"""Do the client and aiosmtpd, written by others, understand each other?"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Session
from aiosmtpd.smtp import Envelope as Received

from postroom.rfc.session import ConnectFailure, Phase
from postroom.smtp.client import connect
from postroom.smtp.endpoint import Endpoint, Password, Security
from tests.peers.certificates import TlsFiles
from tests.smtp.peer import CONTENT, PATIENT, connected, envelope


class Inbox:
    """Keeps what it is given; `gone@` does not exist."""

    def __init__(self) -> None:
        self.received: list[Received] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, session: Session, envelope: Received, address: str, options: list[str]
    ) -> str:
        if address.startswith("gone@"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Received) -> str:  # noqa: N802
        self.received.append(envelope)
        return "250 2.0.0 Taken"


@asynccontextmanager
async def aiosmtpd(inbox: Inbox, **options: Any) -> AsyncIterator[Endpoint]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, loop=loop, hostname="peer.example", **options), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    yield Endpoint("127.0.0.1", port, Security.NONE, ehlo_name="client.example", timeouts=PATIENT)
    server.close()


def server_context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    return context


def check_login(server: SMTP, session: Session, envelope: Received, mechanism: str, login: Any) -> AuthResult:
    is_right = (login.login, login.password) == (b"mary", "grün 42".encode())
    return AuthResult(success=is_right, handled=is_right)


async def test_a_message_arrives_as_it_was_sent() -> None:
    inbox = Inbox()
    content = b"Subject: dots\r\n\r\n.\r\n..\r\n.last\r\n"
    async with aiosmtpd(inbox) as endpoint:
        connection = await connected(endpoint)
        outcome = await connection.send(envelope("gone@x.example", "joe@x.example", size=len(content)), [content])
        await connection.close()
    assert [str(result.answer) for result in outcome.results] == ["550 5.1.1 No such user", "250 2.0.0 Taken"]
    (received,) = inbox.received
    assert received.content == content
    assert (received.mail_from, received.rcpt_tos) == ("mary@company.example", ["joe@x.example"])


async def test_many_messages_travel_over_one_connection() -> None:
    inbox = Inbox()
    async with aiosmtpd(inbox) as endpoint:
        connection = await connected(endpoint)
        for number in range(30):
            recipient = "gone@x.example" if number % 3 == 0 else f"joe{number}@x.example"
            outcome = await connection.send(envelope(recipient), [CONTENT])
            assert outcome.results[0].is_accepted is (number % 3 != 0)
        await connection.close()
    assert len(inbox.received) == 20


async def test_an_international_address_arrives() -> None:
    inbox = Inbox()
    async with aiosmtpd(inbox, enable_SMTPUTF8=True) as endpoint:
        connection = await connected(endpoint)
        outcome = await connection.send(envelope("jürgen@x.example", needs_smtputf8=True, needs_8bit=True), [CONTENT])
        assert outcome.results[0].is_accepted
        await connection.close()
    assert inbox.received[0].rcpt_tos == ["jürgen@x.example"]


@pytest.mark.parametrize("excluded", ["LOGIN", "PLAIN"])
async def test_logs_in_over_starttls(excluded: str, tls_files: TlsFiles) -> None:
    inbox = Inbox()
    options = {
        "tls_context": server_context(tls_files),
        "require_starttls": True,
        "auth_required": True,
        "authenticator": check_login,
        "auth_exclude_mechanism": [excluded],
    }
    async with aiosmtpd(inbox, **options) as endpoint:
        private = replace(endpoint, security=Security.STARTTLS, ca_file=str(tls_files.authority))
        connection = await connected(replace(private, credentials=Password("mary", "grün 42")))
        assert (await connection.send(envelope(), [CONTENT])).results[0].is_accepted
        await connection.close()
        failure = await connect(replace(private, credentials=Password("mary", "wrong")))
    assert isinstance(failure, ConnectFailure)
    assert (failure.phase, failure.reply and failure.reply.code) == (Phase.LOGIN, 535)
    assert len(inbox.received) == 1
