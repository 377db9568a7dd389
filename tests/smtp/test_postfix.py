"""Do the client and a real Postfix understand each other: PIPELINING, CHUNKING, STARTTLS, partial acceptance?"""

import asyncio
from dataclasses import replace
from email.parser import BytesParser
from secrets import token_hex

import pytest

from postroom.rfc.session import Phase
from postroom.smtp.endpoint import Endpoint, Security
from postroom.smtp.envelope import Envelope
from postroom.smtp.outcome import Outcome
from postroom.smtp.pool import Pool
from tests.peers.certificates import TlsFiles
from tests.peers.postfix import Postfix
from tests.smtp.peer import connected

pytestmark = pytest.mark.requires("postfix")


@pytest.fixture
def endpoint(postfix: Postfix, tls_files: TlsFiles) -> Endpoint:
    return Endpoint(
        postfix.host, postfix.port, Security.STARTTLS, ehlo_name="client.example", ca_file=str(tls_files.authority)
    )


@pytest.fixture
def recipient() -> str:
    """An address that no other test writes to."""
    return f"{token_hex(4)}@customer.example.com"


def content(subject: str, body: bytes = b".dot\r\n..\r\n.\r\nend\r\n") -> bytes:
    return b"From: mary@company.example\r\nSubject: %b\r\n\r\n%b" % (subject.encode(), body)


def body_of(message: bytes) -> bytes:
    return message.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("avoid", [frozenset(), frozenset({"CHUNKING"}), frozenset({"CHUNKING", "PIPELINING"})])
async def test_messages_arrive_whole_by_each_way(
    avoid: frozenset[str], endpoint: Endpoint, postfix: Postfix, recipient: str
) -> None:
    message = content("Way")
    connection = await connected(replace(endpoint, avoid=avoid))
    for _ in range(3):
        outcome = await connection.send(Envelope("mary@company.example", (recipient,), len(message)), [message])
        assert outcome.results[0].is_accepted, outcome.dialog
    await connection.close()
    messages = await asyncio.to_thread(postfix.messages, recipient, count=3)
    assert [body_of(message) for message in messages] == [b".dot\r\n..\r\n.\r\nend\r\n"] * 3


async def test_each_recipient_gets_its_own_answer_and_the_connection_goes_on(
    endpoint: Endpoint, postfix: Postfix, recipient: str
) -> None:
    message = content("Partial")
    envelope = Envelope("", ("gone@customer.example.com", recipient, "later@other.example.com"), len(message))
    connection = await connected(endpoint)
    outcome = await connection.send(envelope, [message])
    assert [(result.phase, str(result.answer)[:9]) for result in outcome.results] == [
        (Phase.RCPT, "550 5.1.1"),
        (Phase.MESSAGE, "250 2.0.0"),
        (Phase.RCPT, "450 4.2.0"),
    ]
    refused = await connection.send(Envelope("", ("gone@customer.example.com",), len(message)), [message])
    assert str(refused.results[0].answer).startswith("550 5.1.1")
    again = await connection.send(Envelope("", (recipient,), len(message)), [message])
    assert again.results[0].is_accepted
    await connection.close()
    assert len(await asyncio.to_thread(postfix.messages, recipient, count=2)) == 2


async def test_a_large_message_arrives_whole(endpoint: Endpoint, postfix: Postfix, recipient: str) -> None:
    body = b"".join(b"%064d\r\n" % number for number in range(30_000))
    message = content("Large", body)
    connection = await connected(endpoint)
    outcome = await connection.send(Envelope("", (recipient,), len(message)), [message])
    assert outcome.results[0].is_accepted, outcome.dialog
    await connection.close()
    (received,) = await asyncio.to_thread(postfix.messages, recipient)
    assert body_of(received) == body


async def test_many_messages_share_a_few_connections(endpoint: Endpoint, postfix: Postfix, recipient: str) -> None:
    pool = Pool(endpoint, max_connections=3, max_messages_per_connection=20)

    async def send(number: int) -> None:
        message = content(f"Number {number}")
        outcome = await pool.send(Envelope("", (recipient,), len(message)), [message])
        assert isinstance(outcome, Outcome)
        assert outcome.results[0].is_accepted

    await asyncio.gather(*(send(number) for number in range(100)))
    await pool.close()
    received = await asyncio.to_thread(postfix.messages, recipient, count=100)
    subjects = {BytesParser().parsebytes(message)["Subject"] for message in received}
    assert subjects == {f"Number {number}" for number in range(100)}


async def test_a_rehearsal_sends_nothing(endpoint: Endpoint, postfix: Postfix, recipient: str) -> None:
    connection = await connected(endpoint)
    rehearsal = await connection.rehearse(Envelope("mary@company.example", (recipient,), 0))
    assert rehearsal.is_complete
    assert await asyncio.to_thread(postfix.messages, recipient, count=0) == []
