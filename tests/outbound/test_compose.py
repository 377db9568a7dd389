"""What is stored of what an author handed in: a draft over HTTP, or a mail client's own bytes?"""

import time
from uuid import UUID

from postroom.outbound.compose import Composed, compose, uuid7
from postroom.policy.composition import Draft
from postroom.rfc.address import parse_mailbox
from postroom.rfc.headers import get_field
from postroom.rfc.submitted import read_submitted

DRAFT = Draft(from_=parse_mailbox('"Mary" <mary@company-name.com>'), to=(parse_mailbox("joe@customer.example.com"),))


def of_client(*fields: str, recipients: tuple[str, ...] = ("joe@customer.example.com",)) -> Composed:
    raw = "\r\n".join(["From: mary@company-name.com", "To: joe@customer.example.com", *fields, "", "Hello", ""])
    return compose(read_submitted(raw.encode()), tuple(map(parse_mailbox, recipients)), domain="company-name.com")


def test_a_draft_becomes_a_head_with_message_id_and_date_and_a_body() -> None:
    message = compose(DRAFT, None, domain="company-name.com")
    assert message.message_id.endswith("@company-name.com>")
    assert get_field(message.head, "Message-ID") == message.message_id
    assert get_field(message.head, "Date") is not None
    assert get_field(message.head, "MIME-Version") == "1.0"
    assert message.head.endswith(b"\r\n")
    assert not message.head.endswith(b"\r\n\r\n")
    assert (message.author_text, message.recipients) == (
        '"Mary" <mary@company-name.com>',
        ("joe@customer.example.com",),
    )


def test_a_draft_without_a_from_has_none_until_it_leaves() -> None:
    message = compose(Draft(from_=None, to=DRAFT.to), None, domain="company-name.com")
    assert (message.author, message.author_text) == (None, "")
    assert get_field(message.head, "From") is None


def test_a_clients_bytes_are_kept_and_only_what_is_missing_is_added() -> None:
    message = of_client("Subject:  odd   spacing", "X-Own: =?latin1?q?=E9?=")
    assert b"Subject:  odd   spacing\r\nX-Own: =?latin1?q?=E9?=\r\n" in message.head
    assert get_field(message.head, "Message-ID") == message.message_id
    assert get_field(message.head, "Date") is not None
    assert message.body == b"Hello\r\n"


def test_a_clients_own_message_id_and_date_stay() -> None:
    message = of_client("Message-ID: <mine@company-name.com>", "Date: Thu, 01 May 2031 09:00:00 +0200")
    assert message.message_id == "<mine@company-name.com>"
    assert message.head.count(b"Message-ID:") == message.head.count(b"Date:") == 1


def test_a_clients_blind_copies_are_not_written() -> None:
    message = of_client("Bcc: audit@customer.example.com", recipients=("audit@customer.example.com",))
    assert b"audit" not in message.head
    assert message.recipients == ("audit@customer.example.com",)


def test_the_size_is_that_of_the_message_on_the_wire() -> None:
    message = of_client()
    assert message.size_bytes == len(message.head + b"\r\n" + message.body)


def test_identifiers_sort_by_time_and_are_of_version_7() -> None:
    before = time.time_ns() // 1_000_000
    first = uuid7()
    time.sleep(0.002)
    second = uuid7()
    assert first < second
    assert (first.version, first.variant) == (7, UUID(int=0x8000 << 48).variant)
    assert before <= first.int >> 80 <= time.time_ns() // 1_000_000
