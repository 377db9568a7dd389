"""How does a message's content get onto the wire without being copied as a whole (RFC 5321 §4.5.2, RFC 3030)?"""

from collections.abc import Iterable, Iterator, Sequence

# Large enough that system calls do not matter, small enough that a hundred connections hold little.
PIECE_OCTETS = 65536


def cut(chunks: Sequence[bytes]) -> Iterator[bytes]:
    """The same octets in pieces of about PIECE_OCTETS: small chunks gathered, large ones sliced."""
    gathered: list[bytes] = []
    size = 0
    for chunk in chunks:
        if size + len(chunk) <= PIECE_OCTETS:
            gathered.append(chunk)
            size += len(chunk)
            continue
        if gathered:
            yield b"".join(gathered)
            gathered, size = [], 0
        for start in range(0, len(chunk), PIECE_OCTETS):
            yield chunk[start : start + PIECE_OCTETS]
    if gathered:
        yield b"".join(gathered)


def stuff(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Doubles the dot at each line start and ends with the final dot, for DATA.

    Every line feed starts a line here, a bare one too: a server that takes it for a line end must find no end of
    message (RFC 5321 §4.1.1.4) in the middle of ours.
    """
    tail = b"\r\n"
    for piece in filter(None, pieces):
        stuffed = piece.replace(b"\n.", b"\n..")
        yield b"." + stuffed if tail.endswith(b"\n") and piece.startswith(b".") else stuffed
        tail = (tail + piece[-2:])[-2:]
    yield b".\r\n" if tail == b"\r\n" else b"\r\n.\r\n"
