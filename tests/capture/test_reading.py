"""Can a person read a captured message, however badly it was made?"""

from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.capture.reading import read
from postroom.rfc.message import Attachment, Content, render


def test_gives_back_what_was_rendered() -> None:
    image = Attachment("logo.png", b"\x89PNG", "image/png", content_id="logo@company-name.com")
    content = Content(
        "Grüße", "<p>Grüße <img src='cid:logo@company-name.com'>", (image, Attachment("Über.pdf", b"%PDF"))
    )
    reading = read(render([b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"], content, boundary="b1"))
    assert ("Subject", "Grüße") in reading.fields
    assert (reading.text or "").strip() == "Grüße"
    assert (reading.html or "").startswith("<p>Grüße")
    assert [(file.filename, file.content_type, file.content) for file in reading.attachments] == [
        ("logo.png", "image/png", b"\x89PNG"),
        ("Über.pdf", "application/octet-stream", b"%PDF"),
    ]
    assert reading.attachments[0].content_id == "logo@company-name.com"


def test_shows_text_in_an_unknown_charset_as_well_as_it_can() -> None:
    assert read(b"Content-Type: text/plain; charset=klingon\r\n\r\nqapla'").text == "qapla'"
    assert read(b"Content-Type: text/plain; charset=us-ascii\r\n\r\ncaf\xe9").text == "café"


def test_a_forwarded_message_is_a_file() -> None:
    reading = read(b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nHello")
    assert reading.text is None
    assert b"Subject: inner" in reading.attachments[0].content


def test_an_attached_text_is_a_file() -> None:
    reading = read(b'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\nHello')
    assert (reading.text, reading.attachments[0].filename) == (None, "a.txt")


def test_stops_at_a_message_with_parts_by_the_thousand() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 5000 + b"--b--\r\n"
    assert len(read(raw).attachments) < 1000


def test_shows_the_header_of_a_message_nested_too_deeply() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(1500))
    reading = read(b"Subject: Deep\r\n" + nested)
    assert ("Subject", "Deep") in reading.fields
    assert reading.text is None


PIECES = [
    b"Content-Type: ", b"multipart/mixed", b"text/html", b"message/rfc822", b"; boundary=b", b"; charset*=utf-8''x",
    b"; charset=\xff", b"\r\n", b"\r\n\r\n", b"--b", b"--b--", b"Content-Disposition: attachment; filename*0*=a''%FF",
    b"; filename=\"", b"Content-Transfer-Encoding: ", b"base64", b"x-uuencode", b"quoted-printable", b"\xe9\xff\0",
    b"begin 6", b"Content-ID: <\xff>", b"=?utf-8?b?//8?=", b"=", b"AAAA", b"From: a", b" ",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=30).map(b"".join))
def test_reads_anything_without_raising(raw: bytes) -> None:
    reading = read(raw)
    shown = [text for field in reading.fields for text in field] + [file.filename for file in reading.attachments]
    assert all(text.isprintable() for text in shown)
