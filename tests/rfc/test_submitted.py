"""Is a client's message understood, and sent on with no more changed than a submission server must?"""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.errors import AddressError, MissingFromError, PostroomError, RepeatedFromError
from postroom.rfc.address import Mailbox
from postroom.rfc.submitted import complete_head, read_submitted

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
MESSAGE_ID = "<1@company-name.example>"
HEAD = (
    b"Return-Path: <old@example.com>\r\n"
    b"X-Odd:   kept \t\r\n  as it is\r\n"
    b"From: =?utf-8?q?Doe=2C_Mary?= <mary@customer.example.com>\r\n"
    b"To: a@example.com,\r\n b@example.com\r\n"
    b"BCC: secret@example.com,\r\n other@example.com\r\n"
    b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n"
    b"Cc: Team: c@example.com, d@example.com;\r\n"
    b"bcc : hidden@example.com\r\n"
)
BODY = b"Line\r\n.\r\nFrom here\r\nBcc: this is text\r\n"
SENT_ON = (
    b"X-Odd:   kept \t\r\n  as it is\r\n"
    b"From: =?utf-8?q?Doe=2C_Mary?= <mary@customer.example.com>\r\n"
    b"To: a@example.com,\r\n b@example.com\r\n"
    b"Subject: Gr\xc3\xbc\xc3\x9fe\r\n"
    b"Cc: Team: c@example.com, d@example.com;\r\n"
)


def addresses(mailboxes: tuple[Mailbox, ...]) -> list[str]:
    return [mailbox.address for mailbox in mailboxes]


def test_only_bcc_and_return_path_are_taken_out() -> None:
    message = read_submitted(HEAD + b"\r\n" + BODY)
    assert (message.head, message.body) == (SENT_ON, BODY)


def test_the_fields_are_read() -> None:
    message = read_submitted(HEAD + b"Message-ID: <1@example.com>\r\nSender: Eve <eve@example.com>\r\n\r\n" + BODY)
    assert message.from_ == (Mailbox("Doe, Mary", "mary", "customer.example.com"),)
    assert message.sender == Mailbox("Eve", "eve", "example.com")
    assert addresses(message.to) == ["a@example.com", "b@example.com"]
    assert addresses(message.cc) == ["c@example.com", "d@example.com"]
    assert addresses(message.bcc) == ["secret@example.com", "other@example.com", "hidden@example.com"]
    assert (message.subject, message.message_id) == ("Grüße", "<1@example.com>")


def test_what_is_missing_is_added_at_the_end() -> None:
    assert complete_head(b"From: a@example.com\r\n", message_id=MESSAGE_ID, date=NOON) == (
        b"From: a@example.com\r\nMessage-ID: <1@company-name.example>\r\nDate: Sat, 22 Nov 2025 12:00:00 +0000\r\n"
    )


def test_what_the_client_wrote_is_kept() -> None:
    head = b"date: whenever\r\nmessage-id: odd\r\n"
    assert complete_head(head, message_id=MESSAGE_ID, date=NOON) == head


def test_an_empty_field_counts_as_missing() -> None:
    head = complete_head(b"Message-ID:\r\nDate: \r\nX: 1\r\n", message_id=MESSAGE_ID, date=NOON)
    assert head == b"Message-ID: <1@company-name.example>\r\nDate: Sat, 22 Nov 2025 12:00:00 +0000\r\nX: 1\r\n"


@pytest.mark.parametrize(
    "head", [b"", b"To: a@example.com\r\n", b"From:\r\n", b"From: \r\n \r\n", b"From: nobody:;\r\n"]
)
def test_a_message_without_an_author_is_refused(head: bytes) -> None:
    with pytest.raises(MissingFromError, match="has no From") as refusal:
        read_submitted(head + b"\r\nText")
    assert refusal.value.field == "from"


@pytest.mark.parametrize("head", [b"From: a@b.example\r\nFrom: c@d.example\r\n", b"From: a@b.example, c@d.example\r\n"])
def test_a_message_with_several_authors_is_refused(head: bytes) -> None:
    with pytest.raises(RepeatedFromError):
        read_submitted(head + b"\r\n")


def test_several_authors_with_a_sender_are_lawful() -> None:
    message = read_submitted(b"From: a@b.example, c@d.example\r\nSender: a@b.example\r\n\r\n")
    assert addresses(message.from_) == ["a@b.example", "c@d.example"]


@pytest.mark.parametrize(
    ("head", "field"), [(b"From: not one", "from"), (b"From: a@b.example\r\nSender: not one", "sender")]
)
def test_an_author_that_cannot_be_read_is_refused_by_the_name_of_the_field(head: bytes, field: str) -> None:
    with pytest.raises(AddressError) as refusal:
        read_submitted(head + b"\r\n\r\n")
    assert refusal.value.field == field


def test_recipients_that_cannot_be_read_do_not_stop_the_message() -> None:
    message = read_submitted(b"From: a@b.example\r\nTo: everybody at home\r\nCc: c@d.example\r\n\r\n")
    assert (message.to, addresses(message.cc)) == ((), ["c@d.example"])


def test_stray_line_ends_cannot_smuggle_a_field_or_a_message() -> None:
    message = read_submitted(b"From: a@b.example\nSubject: x\rBcc: y\n\nOne\n.\rTwo\r\n")
    assert message.head == b"From: a@b.example\r\nSubject: x Bcc: y\r\n"
    assert message.body == b"One\r\n. Two\r\n"
    assert message.bcc == ()


@settings(max_examples=100)
@given(
    st.lists(st.sampled_from([b"From: a@b.example", b"Bcc: x@y.example", b"\r\n", b"\n", b" ", b":", b"\xff"])).map(
        b"".join
    )
)
def test_a_blind_copy_never_stays_in_the_head(raw: bytes) -> None:
    try:
        head = read_submitted(raw).head
    except PostroomError:
        return
    assert not [line for line in head.split(b"\r\n") if line.lower().startswith(b"bcc")]
