"""Is a message taken apart as a person would, whatever is wrong with it?"""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.rfc.charset_guess import decode_text
from postroom.rfc.message import Attachment, Content, render
from postroom.rfc.mime import MAX_DEPTH, MAX_PARTS, read_entity
from postroom.rfc.mime_parameters import read_parameters
from postroom.rfc.transfer_encoding import undo_transfer_encoding

TWO_PARTS = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\nend"


def leaves(raw: bytes) -> list[tuple[str, str]]:
    return [(part.content_type, part.text) for part in read_entity(raw).walk() if not part.parts]


def test_gives_back_what_was_rendered() -> None:
    content = Content("Grüße", "<p>Grüße", (Attachment("Über.pdf", b"%PDF"),))
    message = read_entity(render([b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"], content, boundary="b1"))
    assert message.get("SUBJECT") == "Grüße"
    assert [part.content_type for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/octet-stream",
    ]  # fmt: skip
    *_, text, html, file = message.walk()
    assert (text.text.strip(), html.text.strip()) == ("Grüße", "<p>Grüße")
    assert (file.filename, file.disposition, file.decoded) == ("Über.pdf", "attachment", b"%PDF")


@pytest.mark.parametrize(
    "raw",
    [
        TWO_PARTS,
        TWO_PARTS.replace(b"\n", b"\r\n"),
        TWO_PARTS.replace(b"\n", b"\r"),
        TWO_PARTS.replace(b"--b--\nend", b""),  # never closed
        TWO_PARTS.replace(b"boundary=b", b'boundary = "b"'),
        TWO_PARTS.replace(b"boundary=b", b"charset=x boundary=b"),
        TWO_PARTS.replace(b"--b\nContent", b"--b some words\nContent"),
        TWO_PARTS.replace(b"\n\none", b"\nContent-Type: text/plain\n\none").replace(b"boundary=b", b"boundary=other"),
        TWO_PARTS.replace(b"\n\none", b"\nContent-Type: text/plain\n\none").replace(b"; boundary=b", b""),
        TWO_PARTS.replace(b"--b\nContent", b"--b\n\nContent"),  # a blank line before the header
        TWO_PARTS.replace(b"mixed", b"mixed").replace(b"\n\n--b", b"\nContent-Transfer-Encoding: base64\n\n--b", 1),
        b"From a@example.com Mon Jan  1\n" + TWO_PARTS,
        b"Content-Disposition: inline\n\n" + TWO_PARTS,
    ],
)
def test_finds_the_parts_of_a_broken_multipart(raw: bytes) -> None:
    found = [(kind, text.strip()) for kind, text in leaves(raw)]
    assert found == [("text/plain", "one"), ("text/html", "two")]


def test_a_boundary_within_a_line_or_longer_than_the_declared_one_delimits_nothing() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nthe --b\n--bb\n--b--b\n--b--\n"
    assert leaves(raw) == [("text/plain", "the --b\n--bb\n--b--b")]


def test_what_has_no_boundary_is_one_text() -> None:
    message = read_entity(b"Content-Type: multipart/mixed; boundary=b\n\nHello")
    assert (message.parts, message.text) == ((), "Hello")
    assert read_entity(b"Hello\nworld").text == "Hello\nworld"
    assert read_entity(b"").text == ""


def test_a_message_within_the_message_is_read_too_even_when_it_is_encoded() -> None:
    inner = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW5uZXIKCkhlbGxv\n"
    message = read_entity(inner)
    assert [part.get("subject") for part in message.parts] == ["inner"]
    assert message.parts[0].text == "Hello"
    digest = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n--b--"
    assert read_entity(digest).parts[0].content_type == "message/rfc822"


@pytest.mark.parametrize(
    ("field", "kind", "parameters"),
    [
        ("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ("TEXT/Plain (words); CharSet = \"utf-8\" (more words)", "text/plain", {"charset": "utf-8"}),
        ('a/b; name="x; y"; size=1', "a/b", {"name": "x; y", "size": "1"}),
        (r'a/b; name="x \"y\" \\z"', "a/b", {"name": r'x "y" \z'}),
        ('a/b; name="never closed.pdf; size=1', "a/b", {"name": "never closed.pdf", "size": "1"}),
        ('a/b; name="5" disk.txt"; size=1', "a/b", {"name": '5" disk.txt', "size": "1"}),
        ("a/b; name=two words.pdf", "a/b", {"name": "two words.pdf"}),
        ('a/b name="x" charset=y', "a/b", {"name": "x", "charset": "y"}),
        ("a/b; name*=utf-8'en'%C3%A9.pdf; name=e.pdf", "a/b", {"name": "é.pdf"}),
        ("a/b; name*1=c.pdf; name*0*=''%C3%A9%20", "a/b", {"name": "é c.pdf"}),
        ("a/b; name==?utf-8?q?=C3=A9?=", "a/b", {"name": "é"}),
        ("a/b; x=1; x=2", "a/b", {"x": "1"}),
        ("; charset=x", "", {"charset": "x"}),
        ("charset=x", "", {"charset": "x"}),
        ("", "", {}),
    ],
)  # fmt: skip
def test_reads_parameters_however_they_are_written(field: str, kind: str, parameters: dict[str, str]) -> None:
    assert read_parameters(field) == (kind, parameters)


@pytest.mark.parametrize(
    ("encoding", "body", "decoded"),
    [
        ("quoted-printable", b"a=C3=A9=\nb =\r\nc=ZZ", "aéb c=ZZ".encode()),
        ("base64", b"SGVs\r\nbG8=\r\n", b"Hello"),
        ("base64", b"SGVsbG8", b"Hello"),
        ("base64", b"SGVsbG8=SGVsbG8=", b"HelloHello"),
        ("base64", b"SGVsbG8=\r\n-- \r\nA mailing list in words", b"Hello-- \r\nA mailing list in words"),
        ("base64", b"SGVsbG8=\r\n--wrong-boundary--\r\n", b"Hello"),
        ("base64", b"SGVs bG8s IEhl bGxv LCBI ZWxs bywg SGVs bG8=", b"Hello, Hello, Hello, Hello"),
        ("base64", b"SGVsbG8\n____\nlist", b"Hello____\nlist"),
        ("base64", b"SGVsbG8=\nThis list is read by many", b"HelloThis list is read by many"),
        ("base64", b"Not encoded at all", b"Not encoded at all"),
        ("x-uuencode", b"begin 644 a\n%2&5L;&\\\n`\nend\n", b"Hello"),
        ("x-uuencode", b"%2&5L;&\\", b"Hello"),
        ("8bit", b"\xff\r\n", b"\xff\r\n"),
        ("rot13", b"a", b"a"),
    ],
)
def test_undoes_what_can_be_undone(encoding: str, body: bytes, decoded: bytes) -> None:
    assert undo_transfer_encoding(body, encoding) == decoded


RUSSIAN, JAPANESE, CHINESE = (
    "Добрый день, спасибо за письмо",
    "こんにちは、ありがとう",
    "您好 这是我们的产品 我在公司等你 有人不在",
)


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        ("é".encode(), "", "é"),
        ("é".encode(), "us-ascii", "é"),
        ("é – ∑".encode(), "iso-8859-1", "é – ∑"),
        (b"\xe9\x96 l", "iso-8859-1", "é– l"),
        (b"caf\xe9", "us-ascii", "café"),
        (b"caf\xe9", "utf-8", "café"),
        (b"caf\xe9", "no-such-set", "café"),
        (RUSSIAN.encode("koi8-r"), "", RUSSIAN),
        (RUSSIAN.encode("cp1251"), "x-unknown", RUSSIAN),
        (JAPANESE.encode("euc-jp"), "", JAPANESE),
        (JAPANESE.encode("cp932"), "", JAPANESE),
        (JAPANESE.encode("iso2022_jp"), "us-ascii", JAPANESE),
        (CHINESE.encode("gb18030"), "", CHINESE),
        ("안녕하세요, 감사합니다".encode("cp949"), "", "안녕하세요, 감사합니다"),
        ("Überfällig schöne Grüße".encode("latin-1"), "", "Überfällig schöne Grüße"),
        ((RUSSIAN * 9).encode()[:-1], "utf-8", (RUSSIAN * 9)[:-1] + "\N{REPLACEMENT CHARACTER}"),
        ("é".encode("utf-16"), "utf-16", "é"),
        (b"a\0b", "", "ab"),
    ],
)
def test_reads_text_in_the_set_that_it_is_in(octets: bytes, charset: str, text: str) -> None:
    assert decode_text(octets, charset) == text


@pytest.mark.parametrize(
    ("octets", "charset", "subject"),
    [
        (RUSSIAN.encode("koi8-r"), "koi8-r", RUSSIAN),
        (RUSSIAN.encode("cp1251"), "", RUSSIAN),
        ("안녕하세요".encode("cp949"), "ks_c_5601-1987", "안녕하세요"),
        ("gefällig".encode("latin-1"), "us-ascii", "gefällig"),
        (RUSSIAN.encode(), "koi8-r", RUSSIAN),
    ],
)
def test_a_field_of_raw_octets_is_read_in_the_set_of_the_text(octets: bytes, charset: str, subject: str) -> None:
    raw = b"Subject: " + octets + f"\nContent-Type: text/plain; charset={charset}\n\n".encode()
    assert read_entity(raw).get("subject") == subject


def test_html_names_its_own_character_set() -> None:
    assert read_entity(b"Content-Type: text/html\n\n<meta charset=koi8-r>\xc4\xc1").text == "<meta charset=koi8-r>да"


def test_depth_and_number_of_parts_are_bounded() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(500))
    assert sum(1 for _ in read_entity(nested).walk()) == MAX_DEPTH + 1
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 5000
    assert len(read_entity(many).parts) == MAX_PARTS


@pytest.mark.parametrize(
    "piece",
    [
        b"--b\n", b"--b ", b"--", b"\r", b"\n", b" ", b"=", b"A=", b"=?", b'"', b'\\"', b'";', b"\x1b$B", b"\xff\xfe",
        b'a="',         b"--b\nContent-Type: multipart/mixed; boundary=b\n\n",
        b"Content-Type: message/rfc822\n\n", b"--x\nContent-A: b\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable", b"x-uuencode"])
@pytest.mark.parametrize("kind", [b"multipart/mixed; boundary=b", b"message/rfc822", b"text/html", b"multipart/x; b="])
def test_a_hundred_kilobytes_of_anything_are_read_in_a_moment(piece: bytes, encoding: bytes, kind: bytes) -> None:
    junk = piece * (100_000 // len(piece))
    raw = b"Content-Transfer-Encoding: " + encoding + b"\nContent-Type: " + kind + b"\n\n" + junk
    started = process_time()
    for part in read_entity(raw).walk():
        assert isinstance(part.text + part.filename + part.disposition, str)
    read_parameters(junk.decode("latin-1"))
    assert process_time() - started < 2  # quadratic would take many times as long


PIECES = [
    b"Content-Type: ", b"multipart/mixed", b"text/html", b"message/rfc822", b"; boundary=b", b"; charset*=utf-8''x",
    b"; charset=\xff", b"\r\n", b"\r\n\r\n", b"--b", b"--b--", b"Content-Disposition: attachment; filename*0*=a''%FF",
    b'; filename="', b"Content-Transfer-Encoding: ", b"base64", b"x-uuencode", b"quoted-printable", b"\xe9\xff\0",
    b"begin 6", b"Content-ID: <\xff>", b"=?utf-8?b?//8?=", b"=?utf-7?q?+2AA-?=", b"=", b"AAAA", b"From: a", b" ",
    b"utf-16",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=30).map(b"".join))
def test_reads_anything_as_text_that_a_database_takes(raw: bytes) -> None:
    for part in read_entity(raw).walk():
        for text in (part.text, part.filename, part.content_type, part.disposition, part.get("from") or ""):
            assert "\0" not in text
            text.encode()
