"""Where does a message end that a client sends after DATA, and what did it say?"""

from asyncio import LimitOverrunError, StreamReader
from collections.abc import Callable

END = b".\r\n"


async def read_message(reader: StreamReader, *, max_bytes: int, on_progress: Callable[[], None]) -> bytes | None:
    """The message up to CRLF.CRLF, transparency dots removed (RFC 5321 §4.5.2); None when it is too large.

    Only that exact sequence ends it: taking LF.LF for it lets a client smuggle in a second message (CVE-2023-51764).
    What is too large is read to its end and dropped, so that the refusal reaches a client that writes before it
    reads. What follows the end stays in `reader`, for a client that pipelines. IncompleteReadError: the client left.
    """
    content = bytearray()
    is_too_large = False
    # Searched by its last three octets, because the CRLF before them may be the one that ended the DATA command.
    while not (content.endswith(b"\r\n" + END) or content == END):
        content += await _read_towards_end(reader)
        on_progress()
        is_too_large = is_too_large or len(content) > max_bytes + len(END)
        if is_too_large:
            del content[: -len(b"\r\n" + END)]
    return None if is_too_large else _remove_dots(bytes(content[: -len(END)]))


async def _read_towards_end(reader: StreamReader) -> bytes:
    try:
        return await reader.readuntil(END)
    except LimitOverrunError as overrun:
        return await reader.readexactly(overrun.consumed)


def _remove_dots(content: bytes) -> bytes:
    if b"\r\n." in content:
        content = content.replace(b"\r\n.", b"\r\n")
    return content.removeprefix(b".")
