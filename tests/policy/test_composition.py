"""Is a draft read from JSON as its author meant it, and refused where that cannot be known?"""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest

from postroom.errors import AddressError, ContentError, DraftError, HeaderError
from postroom.policy.composition import Draft, draft_fields, read_draft
from postroom.rfc.address import Mailbox
from postroom.rfc.message import Attachment, Content, render_content

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
MARY = Mailbox("Mary", "mary", "customer.example.com")
ANN = Mailbox("", "ann", "example.com")


def write(**members: Any) -> bytes:
    draft = read_draft({"to": "ann@example.com", **members})
    return b"".join(draft_fields(draft, message_id="<1@company-name.example>", date=NOON))


def test_every_field_is_read() -> None:
    draft = read_draft(
        {
            "from": '"Mary" <mary@customer.example.com>',
            "to": "ann@example.com",
            "cc": ["ann@example.com"],
            "bcc": [{"email": "ann@example.com"}],
            "reply_to": {"name": "Mary", "email": "mary@customer.example.com"},
            "subject": "Hello",
            "html": "<p>",
            "text": "Hi",
            "attachments": [
                {"filename": "a", "content": b64encode(b"\0\xff").decode()},
                {"filename": "b", "content": "", "content_type": "image/png", "content_id": "b"},
            ],
            "headers": {"X-Order": "4711"},
        }
    )
    files = (Attachment("a", b"\0\xff"), Attachment("b", b"", "image/png", "b"))
    assert draft == Draft(
        from_=MARY,
        to=(ANN,),
        cc=(ANN,),
        bcc=(ANN,),
        reply_to=(MARY,),
        subject="Hello",
        html="<p>",
        text="Hi",
        attachments=files,
        headers=(("X-Order", "4711"),),
    )
    assert draft.content == Content("Hi", "<p>", files)


def test_null_is_as_good_as_absent() -> None:
    names = ["from", "cc", "bcc", "reply_to", "subject", "html", "text", "attachments", "headers"]
    assert read_draft({"to": "ann@example.com", **dict.fromkeys(names)}) == Draft(from_=None, to=(ANN,))


@pytest.mark.parametrize(
    "to", ["ann@example.com, b@c.example", ["ann@example.com", "b@c.example"], ["ann@example.com,b@c.example"]]
)
def test_addresses_come_in_a_string_or_a_list(to: Any) -> None:
    assert [mailbox.address for mailbox in read_draft({"to": to}).to] == ["ann@example.com", "b@c.example"]


def test_the_fields_are_written_without_bcc() -> None:
    assert write(
        **{"from": "Mary <mary@customer.example.com>"},
        bcc="secret@example.com",
        subject="Grüße",
        reply_to="r@s.example",
    ) == (
        b'From: "Mary" <mary@customer.example.com>\r\n'
        b"Reply-To: r@s.example\r\n"
        b"To: ann@example.com\r\n"
        b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"
        b"Date: Sat, 22 Nov 2025 12:00:00 +0000\r\n"
        b"Message-ID: <1@company-name.example>\r\n"
    )


def test_without_an_author_no_from_is_written() -> None:
    assert write().startswith(b"To: ann@example.com\r\n")


def test_references_are_written_as_identifiers() -> None:
    thread = " ".join(f"<{number:030}@example.com>" for number in range(4))
    assert write(headers={"References": thread}).count(b"@example.com>\r\n <") == 3
    assert write(headers={"In-Reply-To": "1@example.com"}).endswith(b"In-Reply-To: <1@example.com>\r\n")


@pytest.mark.parametrize(
    "name",
    [
        *["From", "TO", "cc", "Bcc", "Reply-To", "Subject", "Date", "Message-ID", "Sender", "Return-Path", "Received"],
        *["MIME-Version", "Content-Type", "content-anything", "DKIM-Signature"],
    ],
)
def test_a_header_that_postroom_writes_cannot_be_overridden(name: str) -> None:
    with pytest.raises(HeaderError, match=f"The header {name} is written by Postroom"):
        read_draft({"to": "ann@example.com", "headers": {name: "x"}})


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"X Order": "1"}, "not a header field name"),
        ({"X-Order:": "1"}, "not a header field name"),
        ({"": "1"}, "not a header field name"),
        ({"X-Order": "1\r\nBcc: x@example.com"}, "line break"),
        ({"X-Order\r\nBcc": "1"}, "not a header field name"),
        ({"In-Reply-To": "none"}, "needs identifiers"),
    ],
)
def test_a_header_that_cannot_be_written_is_refused(headers: dict[str, str], words: str) -> None:
    with pytest.raises(HeaderError, match=words):
        read_draft({"to": "ann@example.com", "headers": headers})


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({}, "to"),
        ({"to": []}, "to"),
        ({"to": ""}, "to"),
        ({"to": 1}, "to"),
        ({"to": ["ann@example.com", None]}, "to[1]"),
        ({"to": [["ann@example.com"]]}, "to[0]"),
        ({"to": "ann@example.com", "subjct": "x"}, "subjct"),
        ({"to": {"mail": "ann@example.com"}}, "to.mail"),
        ({"to": "ann@example.com", "subject": 1}, "subject"),
        ({"to": "ann@example.com", "html": ["x"]}, "html"),
        ({"to": "ann@example.com", "headers": []}, "headers"),
        ({"to": "ann@example.com", "headers": {"X-A": 1}}, "headers.X-A"),
        ({"to": "ann@example.com", "attachments": {}}, "attachments"),
        ({"to": "ann@example.com", "attachments": ["x"]}, "attachments[0]"),
        ({"to": "ann@example.com", "attachments": [{"filename": "a"}]}, "attachments[0]"),
        ({"to": "ann@example.com", "attachments": [{"filename": "a", "content": "?"}]}, "attachments[0].content"),
        ({"to": "ann@example.com", "attachments": [{"filename": "a", "content": "é"}]}, "attachments[0].content"),
        (
            {"to": "ann@example.com", "attachments": [{"filename": "a", "content": "", "size": 1}]},
            "attachments[0].size",
        ),
    ],
)
def test_a_draft_that_is_not_understood_is_refused_by_the_path_of_the_field(
    members: dict[str, Any], field: str
) -> None:
    with pytest.raises(DraftError) as refusal:
        read_draft(members)
    assert refusal.value.field == field


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_what_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(DraftError, match="must be an object"):
        read_draft(value)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"to": "nobody"}, "to"),
        ({"to": "ann@example.com\r\nBcc: x@example.com"}, "to"),
        ({"to": ["ann@example.com", "nobody"]}, "to[1]"),
        ({"to": {"name": "a\nb", "email": "ann@example.com"}}, "to"),
        ({"to": {"name": "Ann"}}, "to"),
        ({"to": "ann@example.com", "from": "a@b.example, c@d.example"}, "from"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_by_the_path_of_the_field(
    members: dict[str, Any], field: str
) -> None:
    with pytest.raises(AddressError) as refusal:
        read_draft(members)
    assert refusal.value.field == field


def test_a_subject_with_a_line_break_is_refused() -> None:
    with pytest.raises(HeaderError, match="Subject holds a line break"):
        write(subject="Hello\r\nBcc: x@example.com")


def test_half_a_surrogate_pair_is_refused_when_the_content_is_rendered() -> None:
    draft = read_draft({"to": "ann@example.com", "text": "\ud800"})
    with pytest.raises(ContentError, match="surrogate"):
        render_content(draft.content, boundary="b")
