import email.policy
import re
from base64 import b64encode
from email import message_from_bytes
from email.message import EmailMessage
from quopri import decodestring

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.errors import ContentError, HeaderError
from postroom.rfc.headers import encode_text
from postroom.rfc.message import Attachment, Content, render, render_content

SUBJECT = encode_text("Subject", "Hello")
PIXEL = b"\x89PNG\r\n\x1a\n\0\r\n.\r\n"

characters = st.characters(exclude_categories=["Cs"])
awkward = st.sampled_from(
    [
        *["\r", "\n", "\r\n", "\0", " \n", "\t\n", ".", "\n.\n", "\n..", "\nFrom ", "From me", "=", "=20", " "],
        *["--", "\n--b=_0_\n", "--b=_0_--", "é", "漢字", "🙂", "\u2028", "\x85", "\x0b", "\ufeff"],
        *["x" * 75, "x" * 76, "x" * 77, "." * 90, "y" * 1200, "word " * 20],
    ]
)
texts = st.lists(awkward | st.text(characters, max_size=8), max_size=12).map("".join)
filenames = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
attachments = st.builds(
    Attachment, filenames, st.binary(max_size=200), st.sampled_from(["application/pdf", "text/csv"])
)


def parse(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def assert_fit_for_smtp(raw: bytes) -> None:
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert not any(line.startswith(b".") for line in lines)


def normalise(text: str) -> str:
    """What the parser gives back: "\n" for every line end, and one at the end of the last line."""
    lines = re.sub("\r\n|\r", "\n", text)
    return lines if lines.endswith("\n") or not lines else lines + "\n"


def read_text(part: EmailMessage) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


@given(texts)
@example("")
@example("." * 200)
@example("From " * 40)
@example("a \n" + "x" * 74 + " \n" + "x" * 75 + "\t\n")
def test_a_text_reads_back_as_it_was_written(text: str) -> None:
    raw = render([SUBJECT], Content(text=text, html=None), boundary="b")
    assert_fit_for_smtp(raw)
    message = parse(raw)
    assert message.get_content_type() == "text/plain"
    assert read_text(message) == normalise(text)


@given(st.none() | texts, st.none() | texts, st.lists(attachments, max_size=3))
def test_every_content_reads_back_as_it_was_written(
    text: str | None, html: str | None, files: list[Attachment]
) -> None:
    raw = render([SUBJECT], Content(text, html, tuple(files)), boundary="b")
    assert_fit_for_smtp(raw)
    message = parse(raw)
    for subtype, expected in ("plain", text), ("html", html):
        body = message.get_body((subtype,))
        assert (read_text(body) if body else None) == (
            normalise(expected or "") if expected is not None or (subtype == "plain" and html is None) else None
        )
    parts = list(message.iter_attachments()) if files else []
    assert [(part.get_filename(), part.get_payload(decode=True)) for part in parts] == [
        (file.filename.strip(), file.content) for file in files
    ]


def test_the_parts_nest_as_mixed_alternative_related() -> None:
    logo = Attachment("logo.png", PIXEL, "image/png", content_id="logo@company-name.example")
    invoice = Attachment("invoice.pdf", b"%PDF", "application/pdf")
    content = Content("Hi", '<img src="cid:logo@company-name.example">', (invoice, logo))
    message = parse(render([SUBJECT], content, boundary="b"))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "application/pdf",
    ]  # fmt: skip
    (image,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert image["Content-ID"] == "<logo@company-name.example>"
    assert image.get_content_disposition() == "inline"
    assert image.get_payload(decode=True) == PIXEL


def test_an_image_without_html_to_show_it_is_attached() -> None:
    message = parse(
        render([SUBJECT], Content("Hi", None, (Attachment("a.png", PIXEL, "image/png", "a"),)), boundary="b")
    )
    (part,) = message.iter_attachments()
    assert part.get_content_disposition() == "attachment"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Short lines of ASCII.\n\nThe end\t.", "7bit"),
        ("x" * 79, "quoted-printable"),
        ("blank at the end \n", "quoted-printable"),
        ("From here\n", "quoted-printable"),
        (".hidden {}\n", "quoted-printable"),
        ("nul \0\n", "quoted-printable"),
        ("Viele Grüße aus dem sonnigen Zürich\n", "quoted-printable"),
        ("漢字かな交じり文\n", "base64"),
    ],
)
def test_the_transfer_encoding_is_the_shortest_safe_one(text: str, encoding: str) -> None:
    assert parse(render([], Content(text, None), boundary="b"))["Content-Transfer-Encoding"] == encoding


@given(texts)
def test_quoted_printable_lines_have_at_most_76_characters(text: str) -> None:
    rendered = render_content(Content(text + " é" + "a" * 20, None), boundary="b")
    if b"quoted-printable" in rendered.head:
        assert max(map(len, rendered.body.split(b"\r\n"))) <= 76
        assert decodestring(rendered.body).replace(b"\r\n", b"\n").decode() == normalise(text + " é" + "a" * 20)


def test_a_boundary_never_occurs_in_the_content() -> None:
    html = "<pre>\n" + "".join(f"--b=_{number}_\n--b=_{number}_--\n" for number in range(3)) + "</pre>\n"
    message = parse(render([SUBJECT], Content(html, html, (Attachment("a", b"--b=_1_"),)), boundary="b"))
    assert message.get_boundary() == "b=_4_"
    body = message.get_body(("html",))
    assert body
    assert read_text(body) == html


def test_no_boundary_is_the_beginning_of_another() -> None:
    logo = Attachment("logo.png", PIXEL, "image/png", content_id="logo")
    content = Content("".join(f"b=_{number}_" for number in range(9)), "<p>", (logo, Attachment("a", b"")))
    found = [
        str(part.get_boundary()) for part in parse(render([], content, boundary="b")).walk() if part.is_multipart()
    ]
    assert len(found) == 3
    assert not [(one, two) for one in found for two in found if one != two and two.startswith(one)]


@pytest.mark.parametrize("boundary", ["", "a b", "a\r\nb", 'a"b', "ü", "b" * 61])
def test_refuses_a_malformed_boundary(boundary: str) -> None:
    with pytest.raises(ContentError, match="boundary"):
        render([], Content("", "", ()), boundary=boundary)


@pytest.mark.parametrize("field", ["text", "html"])
def test_refuses_half_a_surrogate_pair_and_says_where(field: str) -> None:
    with pytest.raises(ContentError, match=f"The {field} holds half a surrogate pair at character 2") as refusal:
        render([], Content(**{"text": "", "html": "", field: "ab\ud83d"}), boundary="b")
    assert refusal.value.field == field


def test_an_attached_message_is_not_encoded() -> None:
    inner = b"Subject: inner\n\nGr\xc3\xbc\xc3\x9fe\n.\n--b=_0_\n"
    raw = render([SUBJECT], Content("see below", None, (Attachment("m.eml", inner, "message/rfc822"),)), boundary="b")
    message = parse(raw)
    (part,) = message.iter_attachments()
    assert (part["Content-Transfer-Encoding"], message["Content-Transfer-Encoding"]) == ("8bit", "8bit")
    assert part.get_content()["Subject"] == "inner"
    assert inner.replace(b"\n", b"\r\n") in raw


@pytest.mark.parametrize("inner", [b"Subject: long\r\n\r\n" + b"x" * 999, b"Subject: nul\r\n\r\n\0"])
def test_a_message_that_no_server_takes_is_attached_as_a_file(inner: bytes) -> None:
    message = parse(render([], Content("", None, (Attachment("m.eml", inner, "message/rfc822"),)), boundary="b"))
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_payload(decode=True) == inner


def test_programs_without_rfc_2231_find_a_name_in_ascii() -> None:
    raw = render([], Content("", None, (Attachment("Übersicht 報告.pdf", b"", "application/pdf"),)), boundary="b")
    assert b'name="Ubersicht __.pdf"' in raw
    assert b"filename*=utf-8''%C3%9Cbersicht%20%E5%A0%B1%E5%91%8A.pdf" in raw


def test_the_type_of_an_attachment_keeps_its_parameters() -> None:
    invitation = Attachment("", b"BEGIN:VCALENDAR", 'text/calendar; method=REQUEST; charset="utf-8"')
    (part,) = parse(render([], Content("", None, (invitation,)), boundary="b")).iter_attachments()
    assert part["Content-Type"].params == {"method": "REQUEST", "charset": "utf-8"}
    assert part.get_filename() is None


@pytest.mark.parametrize(
    "content_type", ["", "pdf", "multipart/mixed", "a/b\r\nBcc: x", "text/plain; charset", "a/b; c=d\n"]
)
def test_refuses_what_is_not_the_type_of_a_file(content_type: str) -> None:
    with pytest.raises(ContentError, match="is not the type of a file"):
        render([], Content("", None, (Attachment("a", b"", content_type),)), boundary="b")


@pytest.mark.parametrize("content_id", ["", "a b", "<a>", "a\r\nb", "ü"])
def test_refuses_a_malformed_content_id(content_id: str) -> None:
    with pytest.raises(ContentError, match="content_id"):
        render([], Content(None, "<p>", (Attachment("a", b"", "image/png", content_id),)), boundary="b")


@pytest.mark.parametrize("filename", ["a\r\nBcc: x@example.com", "a\0b", "a\ud800"])
def test_refuses_a_filename_that_would_break_the_header(filename: str) -> None:
    with pytest.raises(HeaderError, match="Content-Disposition"):
        render([], Content("", None, (Attachment(filename, b""),)), boundary="b")


def test_a_large_attachment_is_wrapped_as_base64_wants_it() -> None:
    content = bytes(range(256)) * 40
    raw = render([], Content("", None, (Attachment("a", content),)), boundary="b")
    assert b64encode(content)[:76] + b"\r\n" in raw
    assert max(map(len, raw.split(b"\r\n"))) == 76
