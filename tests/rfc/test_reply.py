"""Are replies read as meant, however they arrive, and is nonsense recognised?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.rfc.reply import MAX_LINE_OCTETS, MAX_LINES, Reply, ReplyParser


def read(octets: bytes) -> list[Reply]:
    return ReplyParser().feed(octets)


def test_reads_several_replies_of_one_packet() -> None:
    assert read(b"250 2.1.0 Ok\r\n250-2.1.5 one\r\n250 2.1.5 two\r\n354 go\r\n") == [
        Reply(250, ("2.1.0 Ok",)),
        Reply(250, ("2.1.5 one", "2.1.5 two")),
        Reply(354, ("go",)),
    ]


@given(st.lists(st.integers(1, 60), max_size=5))
def test_packet_borders_mean_nothing(borders: list[int]) -> None:
    octets = b"250-2.1.0 One\r\n250-\r\n250 Two\r\n\r\n550 5.1.1 N\xc3\xb6\r\n421\r\n"
    parser, replies, start = ReplyParser(), [], 0
    for border in sorted(borders):
        replies += parser.feed(octets[start:border])
        start = max(start, border)
    assert replies + parser.feed(octets[start:]) == read(octets)
    assert parser.is_idle


def test_a_reply_split_byte_by_byte_is_whole() -> None:
    parser = ReplyParser()
    octets = b"250-a\r\n250 b\r\n"
    assert [reply for octet in octets for reply in parser.feed(bytes([octet]))] == [Reply(250, ("a", "b"))]


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"250 Ok\n", Reply(250, ("Ok",))),
        (b"250\r\n", Reply(250, ("",))),
        (b"250ok\r\n", Reply(250, ("ok",))),
        (b"250-\r\n250\r\n", Reply(250, ("", ""))),
        (b"\r\n220 late\r\n", Reply(220, ("late",))),
        (
            b"250-first\r\nsecond, without a code\r\n250 third\r\n",
            Reply(250, ("first", "second, without a code", "third")),
        ),
        (b"550-5.7.1 no\r\n554 really\r\n", Reply(554, ("5.7.1 no", "really"))),
        (b"999 what\r\n", Reply(999, ("what",))),
        (b"550 caf\xe9 \x00\x1b[31mred\tx\r\n", Reply(550, ("caf\\xe9 \ufffd\ufffd[31mred x",))),
    ],
)
def test_reads_odd_replies_as_they_are_meant(octets: bytes, reply: Reply) -> None:
    assert read(octets) == [reply]


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "not an SMTP reply"),
        (b"2500 ok\r\n", "not an SMTP reply"),
        (b"\xff\xfe\x00\r\n", "not an SMTP reply"),
        (b"250-fine\r\n550 not fine\r\n", "contradicts itself"),
        (b"250-x\r\n" * (MAX_LINES + 2), f"more than {MAX_LINES} lines"),
    ],
)
def test_nonsense_is_a_fault_and_nothing_after_it_is_read(octets: bytes, fault: str) -> None:
    parser = ReplyParser()
    assert parser.feed(octets + b"250 Ok\r\n") == []
    assert fault in str(parser.fault)
    assert parser.feed(b"250 Ok\r\n") == []


def test_replies_before_a_fault_are_kept() -> None:
    parser = ReplyParser()
    assert parser.feed(b"250 Ok\r\ngarbage\r\n250 Ok\r\n") == [Reply(250, ("Ok",))]


def test_an_endless_line_takes_no_memory() -> None:
    parser = ReplyParser()
    for _ in range(100):
        parser.feed(b"250 " + b"x" * 10_000)
    (reply,) = parser.feed(b"\r\n")
    assert len(reply.text) <= MAX_LINE_OCTETS


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_no_octets_upset_the_parser_and_texts_are_printable(octets: bytes) -> None:
    for reply in read(octets + b"\r\n"):
        assert all(line.isprintable() for line in reply.lines)


@pytest.mark.parametrize(
    ("reply", "enhanced", "text"),
    [
        (Reply(550, ("5.1.1 User unknown",)), "5.1.1", "User unknown"),
        (Reply(550, ("5.7.1 one", "5.7.1 two")), "5.7.1", "one two"),
        (Reply(421, ("4.7.28",)), "4.7.28", ""),
        (Reply(250, ("Ok",)), None, "Ok"),
        (Reply(550, ("2.1.0 nonsense",)), None, "nonsense"),
        (Reply(220, ("5.6.7.8 is my address",)), None, "5.6.7.8 is my address"),
    ],
)
def test_tells_the_status_from_the_text(reply: Reply, enhanced: str | None, text: str) -> None:
    assert (reply.enhanced, reply.text) == (enhanced, text)
