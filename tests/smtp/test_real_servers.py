"""Do the client and servers written by others understand each other: Postfix, Exim and aiosmtpd?"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Protocol

import pytest

from postroom.rfc.reply import Reply
from postroom.rfc.session import ConnectFailure, Phase, Unsupported
from postroom.smtp.client import connect
from postroom.smtp.endpoint import AccessToken, Credentials, Endpoint, Password, Security
from postroom.smtp.envelope import DsnRequest, Envelope
from postroom.smtp.extensions import Extensions
from postroom.smtp.login import log_in
from postroom.smtp.outcome import Outcome
from postroom.smtp.pool import Pool
from postroom.smtp.redaction import Redactor
from tests.peers import exim, postfix
from tests.peers.aiosmtpd_server import run_aiosmtpd
from tests.peers.certificates import TlsFiles
from tests.peers.programs import explain_missing
from tests.smtp.peer import connected

DOMAIN = "customer.example.com"
SECRET = 'grün 42: "x"'
LARGE_BYTES = 25 * 1024 * 1024
MAX_BYTES = 27 * 1024 * 1024
MAX_RECIPIENTS = 3
GONE, LATER = "550 5.1.1 User unknown", "450 4.2.0 Mailbox busy"

# Where a server might be tempted to touch something: dots, 8-bit text, blanks at line ends, empty lines, a long line.
BODY = b"\r\n.\r\n..dots\r\n  gr\xc3\xbcn \t\r\n" + b"x" * 998 + b"\r\n\r\nFrom here\r\n.\r\n\r\n"


class MailServer(Protocol):
    host: str
    port: int

    def messages(self, address: str, *, count: int = 1, timeout: float = 15) -> list[bytes]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A server that can be started, why not, and what it offers: so that no test passes because it tried nothing."""

    run: Callable[[TlsFiles], AbstractContextManager[MailServer]]
    why_unavailable: Callable[[], str | None]
    offers: Extensions


def _run_postfix(tls: TlsFiles) -> AbstractContextManager[MailServer]:
    return postfix.run_postfix(
        DOMAIN,
        tls=tls,
        replies={"gone@": GONE, "later@": LATER},
        accounts={"mary": SECRET},
        settings={"message_size_limit": str(MAX_BYTES), "smtpd_recipient_limit": str(MAX_RECIPIENTS)},
    )


def _why_no_postfix() -> str | None:
    return postfix.why_unavailable() or explain_missing("saslpasswd2", "/usr/lib/*/sasl2/libcrammd5.so")


def _run_exim(tls: TlsFiles) -> AbstractContextManager[MailServer]:
    return exim.run_exim(
        DOMAIN,
        tls=tls,
        replies={"gone": GONE, "later": LATER},
        accounts={"mary": SECRET},
        macros={"MAX_BYTES": MAX_BYTES, "MAX_RECIPIENTS": MAX_RECIPIENTS},
    )


def _run_aiosmtpd(tls: TlsFiles) -> AbstractContextManager[MailServer]:
    return run_aiosmtpd(
        tls=tls,
        replies={"gone": GONE, "later": LATER},
        accounts={"mary": SECRET},
        max_message_bytes=MAX_BYTES,
        max_recipients=MAX_RECIPIENTS,
    )


_SMALL = Extensions(eight_bit=True, smtputf8=True, size=True, size_limit=MAX_BYTES, auth=("LOGIN", "PLAIN"))
_LARGE = replace(_SMALL, pipelining=True, chunking=True, dsn=True, auth=("CRAM-MD5", "LOGIN", "PLAIN"))
KINDS = {
    "postfix": Kind(_run_postfix, _why_no_postfix, _LARGE),
    "exim": Kind(_run_exim, exim.why_unavailable, replace(_LARGE, auth=(*_LARGE.auth, "XOAUTH2"))),
    "aiosmtpd": Kind(_run_aiosmtpd, lambda: None, _SMALL),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture(scope="module")
def server(kind: Kind, tls_files: TlsFiles) -> Iterator[MailServer]:
    if why := kind.why_unavailable():
        pytest.skip(why)
    with kind.run(tls_files) as running:
        yield running


@pytest.fixture
def endpoint(server: MailServer, tls_files: TlsFiles) -> Endpoint:
    return Endpoint(
        server.host, server.port, Security.STARTTLS, ehlo_name="client.example", ca_file=str(tls_files.authority)
    )


@pytest.fixture
def recipient() -> str:
    """An address that no other test writes to."""
    return f"{token_hex(4)}@{DOMAIN}"


def message_about(subject: str, body: bytes = BODY) -> bytes:
    return b"From: Mary <mary@company.example>\r\nSubject: %b\r\n\r\n%b" % (subject.encode(), body)


async def send(endpoint: Endpoint, message: bytes, *recipients: str, dsn: DsnRequest | None = None) -> Outcome:
    connection = await connected(endpoint)
    needs_8bit = not message.isascii()
    envelope = Envelope("mary@company.example", recipients, len(message), needs_8bit=needs_8bit, dsn=dsn)
    outcome = await connection.send(envelope, [message])
    await connection.close()
    return outcome


async def arrived(server: MailServer, recipient: str, *, count: int = 1) -> list[bytes]:
    """The messages, each with an empty line before it: trace fields are lines above what was sent."""
    messages = await asyncio.to_thread(server.messages, recipient, count=count)
    return [b"\r\n" + message for message in messages]


async def test_offers_what_is_tried_here(kind: Kind, endpoint: Endpoint) -> None:
    connection = await connected(endpoint)
    assert replace(connection.offers, auth=tuple(sorted(connection.offers.auth))) == kind.offers
    assert "TLSv1.3" in "".join(connection.dialog)
    await connection.close()


@pytest.mark.parametrize("avoid", ["", "CHUNKING", "CHUNKING PIPELINING", "PIPELINING"])
@pytest.mark.parametrize("security", [Security.NONE, Security.STARTTLS, Security.OPPORTUNISTIC])
async def test_messages_arrive_byte_for_byte_by_each_way(
    avoid: str, security: Security, endpoint: Endpoint, server: MailServer, recipient: str
) -> None:
    endpoint = replace(endpoint, avoid=frozenset(avoid.split()), security=security)
    connection = await connected(endpoint)
    message = message_about("Way")
    envelope = Envelope("mary@company.example", (recipient,), len(message), needs_8bit=True)
    for _ in range(2):
        outcome = await connection.send(envelope, [message])
        assert outcome.results[0].is_accepted, outcome.dialog
    await connection.close()
    for received in await arrived(server, recipient, count=2):
        assert received.endswith(b"\r\n" + message)


async def test_a_certificate_of_an_unknown_authority_is_not_accepted(endpoint: Endpoint) -> None:
    failure = await connect(replace(endpoint, ca_file=None))
    assert isinstance(failure, ConnectFailure)
    assert failure.phase is Phase.TLS


@pytest.mark.parametrize(("secret", "code"), [(SECRET, 235), ("wrong", 535)])
async def test_each_mechanism_logs_in_and_is_refused_with_a_wrong_secret(
    secret: str, code: int, kind: Kind, endpoint: Endpoint
) -> None:
    for mechanism in kind.offers.auth:
        credentials: Credentials = AccessToken("mary", secret) if mechanism == "XOAUTH2" else Password("mary", secret)
        connection = await connected(endpoint)
        alone = replace(connection.offers, auth=(mechanism,))
        login = log_in(credentials, alone, connection.transcript, is_private=True, redactor=Redactor())
        answer = await connection._follow(login)
        reply = answer if isinstance(answer, Reply) else answer.reply
        assert reply is not None, mechanism
        assert reply.code == code, mechanism
        await connection.close()


async def test_logs_in_while_connecting(endpoint: Endpoint, server: MailServer, recipient: str) -> None:
    message = message_about("Login")
    outcome = await send(replace(endpoint, credentials=Password("mary", SECRET)), message, recipient)
    assert outcome.results[0].is_accepted
    assert len(await arrived(server, recipient)) == 1


async def test_each_recipient_gets_its_own_answer_and_the_connection_goes_on(
    endpoint: Endpoint, server: MailServer, recipient: str
) -> None:
    message = message_about("Partial")
    envelope = Envelope("", (f"gone@{DOMAIN}", recipient, f"later@{DOMAIN}"), len(message), needs_8bit=True)
    connection = await connected(endpoint)
    gone, taken, later = (await connection.send(envelope, [message])).results
    assert (gone.phase, str(gone.answer)[:9]) == (Phase.RCPT, "550 5.1.1")
    assert taken.is_accepted
    assert (later.phase, str(later.answer)[:9]) == (Phase.RCPT, "450 4.2.0")
    (refused,) = (await connection.send(envelope.only([0]), [message])).results
    assert str(refused.answer).startswith("550 5.1.1")
    (again,) = (await connection.send(envelope.only([1]), [message])).results
    assert again.is_accepted
    await connection.close()
    assert len(await arrived(server, recipient, count=2)) == 2


async def test_recipients_too_many_for_one_transaction_all_get_the_message(
    endpoint: Endpoint, server: MailServer
) -> None:
    recipients = [f"{token_hex(4)}@{DOMAIN}" for _ in range(2 * MAX_RECIPIENTS + 1)]
    outcome = await send(endpoint, message_about("Many"), *recipients)
    assert all(result.is_accepted for result in outcome.results), outcome.dialog
    assert sum(line.startswith("C: MAIL") for line in outcome.dialog) == 3
    for recipient in recipients:
        assert len(await arrived(server, recipient)) == 1


async def test_international_addresses_arrive(endpoint: Endpoint, server: MailServer, recipient: str) -> None:
    message = "From: Jürgen <jürgen@company.example>\r\nSubject: Grün\r\n\r\nHallo\r\n".encode()
    envelope = Envelope(
        "jürgen@company.example", (f"jü{recipient}",), len(message), needs_8bit=True, needs_smtputf8=True
    )
    connection = await connected(endpoint)
    (result,) = (await connection.send(envelope, [message])).results
    assert result.is_accepted, result
    await connection.close()
    (received,) = await arrived(server, f"jü{recipient}")
    assert received.endswith(b"\r\n" + message)


async def test_a_message_over_the_size_limit_is_refused_before_it_is_sent(endpoint: Endpoint) -> None:
    connection = await connected(endpoint)
    block = b"x" * 1024 + b"\r\n"
    chunks = [block] * (MAX_BYTES // len(block) + 1)
    envelope = Envelope("mary@company.example", (f"joe@{DOMAIN}",), sum(map(len, chunks)))
    (result,) = (await connection.send(envelope, chunks)).results
    assert isinstance(result.answer, Unsupported)
    (result,) = (await connection.send(replace(envelope, size=MAX_BYTES + 1), [message_about("Small")])).results
    assert (result.phase, str(result.answer)[:3]) == (Phase.MAIL, "552")
    await connection.close()


async def test_reports_may_be_asked_for(endpoint: Endpoint, server: MailServer, recipient: str) -> None:
    dsn = DsnRequest(("FAILURE", "DELAY"), returns="HDRS", envelope_id="a+b=c")
    outcome = await send(endpoint, message_about("Reports"), recipient, f"a+{recipient}", dsn=dsn)
    assert all(result.is_accepted for result in outcome.results), outcome.dialog
    assert len(await arrived(server, recipient)) == 1


async def test_a_message_of_25_mb_arrives_whole(endpoint: Endpoint, server: MailServer, recipient: str) -> None:
    line = b"." + b"0123456789abcdef" * 60 + b"\r\n"
    message = message_about("Large", line * (LARGE_BYTES // len(line)))
    outcome = await send(endpoint, message, recipient)
    assert outcome.results[0].is_accepted, outcome.dialog
    (received,) = await arrived(server, recipient)
    assert received.endswith(b"\r\n" + message)


async def test_many_messages_share_a_few_connections(endpoint: Endpoint, server: MailServer, recipient: str) -> None:
    pool = Pool(endpoint, max_connections=3, max_messages_per_connection=10)
    messages = [message_about(f"Number {number:03}") for number in range(50)]

    async def take(message: bytes) -> None:
        envelope = Envelope("mary@company.example", (recipient,), len(message), needs_8bit=True)
        outcome = await pool.send(envelope, [message])
        assert isinstance(outcome, Outcome)
        assert outcome.results[0].is_accepted

    await asyncio.gather(*map(take, messages))
    await pool.close()
    received = await arrived(server, recipient, count=len(messages))
    assert sorted(message[-len(messages[0]) :] for message in received) == messages


async def test_a_rehearsal_sends_nothing(endpoint: Endpoint, server: MailServer, recipient: str) -> None:
    connection = await connected(endpoint)
    rehearsal = await connection.rehearse(Envelope("mary@company.example", (recipient,), 0))
    assert rehearsal.is_complete
    assert await arrived(server, recipient, count=0) == []
