"""Is what a message shows told from the files that come with it?"""

import struct

import pytest

from postroom.rfc.flowed import unflow
from postroom.rfc.mime import read_entity
from postroom.rfc.mime_content import Seen, read_content
from postroom.rfc.tnef import read_tnef

IMAGE = b"--b\nContent-Type: image/png; name=a.png\n\nx\n"
TEXT = b"--b\nContent-Type: text/plain\n\nHello\n"
NAMED = b"--b\nContent-Type: text/plain; name=a.txt\n\nWords\n"


def seen(*parts: bytes, kind: bytes = b"mixed") -> Seen:
    return read_content(
        read_entity(b"Content-Type: multipart/" + kind + b"; boundary=b\n\n" + b"".join(parts) + b"--b--\n")
    )


def names(content: Seen) -> list[str]:
    return [file.name for file in content.files]


def test_all_that_is_text_and_no_file_is_shown() -> None:
    content = seen(TEXT, IMAGE, TEXT)
    assert (content.words, names(content)) == ("Hello\nHello", ["a.png"])


def test_a_text_with_a_name_is_a_file_beside_another_text_and_else_the_text() -> None:
    assert (seen(TEXT, NAMED).words, names(seen(TEXT, NAMED))) == ("Hello", ["a.txt"])
    assert (seen(IMAGE, NAMED).words, names(seen(IMAGE, NAMED))) == ("Words", ["a.png"])


def test_html_is_read_where_there_is_no_other_text() -> None:
    html = b"--b\nContent-Type: text/html\n\n<p>One<p>Two\n"
    assert seen(html).words == "One\n\nTwo"
    assert seen(b"--b\nContent-Type: text/plain\n\n \n", html, kind=b"alternative").words == "One\n\nTwo"
    assert seen(TEXT, html, kind=b"alternative").words == "Hello"


def test_files_without_a_name_get_one_of_their_type() -> None:
    content = seen(b"--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n", b"--b\nContent-Type: image/jpeg\n\nx\n")
    assert names(content) == ["message.eml", "attachment.jpg"]


def test_a_file_uuencoded_in_a_text_is_taken_out_of_it() -> None:
    content = read_content(read_entity(b"\nHello\nbegin 644 a b.txt\n%2&5L;&\\\n`\nend\nBye"))
    assert content.words == "Hello\nBye"
    assert [(file.name, file.content) for file in content.files] == [("a b.txt", b"Hello")]


def tnef(*attributes: tuple[int, bytes]) -> bytes:
    parts = [struct.pack("<BII", 2, name, len(value)) + value + b"\0\0" for name, value in attributes]
    return b"\x78\x9f\x3e\x22\1\0" + b"".join(parts)


def test_the_files_in_a_winmail_dat_are_told() -> None:
    winmail = tnef((0x69002, b""), (0x18010, b"a.pdf\0"), (0x6800F, b"%PDF"), (0x69002, b""), (0x18010, b"b.doc\0"))
    assert read_tnef(winmail) == [("a.pdf", b"%PDF"), ("b.doc", b"")]
    assert [file.content for file in seen(b"--b\nContent-Type: application/ms-tnef\n\n" + winmail).files] == [
        b"%PDF",
        b"",
    ]


@pytest.mark.parametrize("octets", [b"", b"x", tnef()[:5], tnef((0x69002, b"x"))[:9], tnef() + b"\xff" * 99])
def test_what_is_no_winmail_dat_holds_nothing(octets: bytes) -> None:
    assert read_tnef(octets) == []


@pytest.mark.parametrize(
    ("text", "delsp", "unflowed"),
    [
        ("a \nb\nc", False, "a b\nc"),
        ("a \nb", True, "ab"),
        ("> a \n> b\nc", False, "> a b\nc"),
        ("> a \n>> b", False, "> a \n>> b"),
        ("-- \nMary", False, "-- \nMary"),
        (" >a", False, ">a"),
    ],
)
def test_flowed_paragraphs_are_joined(text: str, delsp: bool, unflowed: str) -> None:
    assert unflow(text, delsp=delsp) == unflowed
