"""Does content arrive exactly as it was, however it is cut into chunks?"""

from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.smtp.body import PIECE_OCTETS, cut, stuff

chunks = st.lists(st.text(alphabet="a.\r\n", max_size=12).map(str.encode), max_size=6)


def unstuff(octets: bytes) -> bytes:
    """What a server stores that takes every line feed for a line end."""
    assert octets.endswith(b"\n.\r\n") or octets == b".\r\n"
    lines = octets.removesuffix(b".\r\n").split(b"\n")
    return b"\n".join(line.removeprefix(b".") for line in lines)


@given(chunks)
@settings(max_examples=300)
def test_dot_stuffing_is_undone_by_the_server(chunks: list[bytes]) -> None:
    content = b"".join(chunks)
    received = unstuff(b"".join(stuff(chunks)))
    assert received in (content, content + b"\r\n")


@given(chunks)
@settings(max_examples=300)
def test_no_content_ends_the_message_early(chunks: list[bytes]) -> None:
    octets = b"".join(stuff(chunks)).removesuffix(b".\r\n")
    assert all(line.rstrip(b"\r") != b"." for line in octets.split(b"\n"))


def test_where_chunks_meet_does_not_matter() -> None:
    content = b".a\r\n.\r\n..b\n.c\r\n"
    whole = b"".join(stuff([content]))
    for border in range(len(content) + 1):
        assert b"".join(stuff([content[:border], b"", content[border:]])) == whole


@given(st.lists(st.integers(0, 3 * PIECE_OCTETS), max_size=6))
@settings(max_examples=50)
def test_cutting_keeps_the_octets_in_small_pieces(sizes: list[int]) -> None:
    chunks = [bytes([index]) * size for index, size in enumerate(sizes)]
    pieces = list(cut(chunks))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(len(piece) <= PIECE_OCTETS for piece in pieces)
    assert len(pieces) <= sum(sizes) / PIECE_OCTETS * 2 + 2
