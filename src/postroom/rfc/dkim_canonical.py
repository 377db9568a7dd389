"""Which bytes of a message does a DKIM signature cover? Canonicalisation by RFC 6376 §3.4.

Everything here is linear in the size of the message, whatever it holds: replacing fixed strings beats regular
expressions by ten on the body, and no pattern can be made to backtrack.
"""

import re
from collections.abc import Callable, Mapping, Sequence

Fields = dict[bytes, list[bytes]]
"""Canonical header fields, each with its CRLF, by lower-cased name; those of one name from top to bottom."""

_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_LINE_ENDS = re.compile(rb"(?:\n\r)*")


def relaxed_fields(head: bytes) -> Fields:
    """The header fields of `head` in relaxed form (RFC 6376 §3.4.2); lines without a colon are left out."""
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    fields: Fields = {}
    for line in _compress_space(unfolded).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            name = name.rstrip(b" ").lower()
            fields.setdefault(name, []).append(b"%b:%b\r\n" % (name, value.strip(b" ")))
    return fields


def simple_fields(head: bytes) -> Fields:
    """The header fields of `head` as they are (RFC 6376 §3.4.1); lines without a colon are left out."""
    fields: Fields = {}
    for field in _FIELD_END.split(head):
        name, colon, _ = field.partition(b":")
        if colon:
            fields.setdefault(name.rstrip(b" \t").lower(), []).append(field + b"\r\n")
    return fields


def select_fields(fields: Mapping[bytes, Sequence[bytes]], names: Sequence[bytes]) -> bytes:
    """The fields that `names`, an h= list in lower case, covers, joined.

    A name met again means the next field of that name upwards, and nothing when none is left (RFC 6376 §5.4.2).
    """
    upwards = {name: reversed(same_name) for name, same_name in fields.items()}
    return b"".join([next(upwards[name], b"") for name in names if name in upwards])


def relax_body(body: bytes) -> bytes:
    """The body in relaxed form (RFC 6376 §3.4.4): b"" when it holds only white space, else it ends in one CRLF."""
    return _end_in_one_crlf(_compress_space(_close(body)).replace(b" \r\n", b"\r\n"))


def simplify_body(body: bytes) -> bytes:
    r"""The body in simple form (RFC 6376 §3.4.3): it always ends in one CRLF, and an empty one is b"\r\n"."""
    return _end_in_one_crlf(_close(body)) or b"\r\n"


HEADER_FORMS: Mapping[str, Callable[[bytes], Fields]] = {"simple": simple_fields, "relaxed": relaxed_fields}
BODY_FORMS: Mapping[str, Callable[[bytes], bytes]] = {"simple": simplify_body, "relaxed": relax_body}


def _compress_space(text: bytes) -> bytes:
    text = text.replace(b"\t", b" ")
    while b"  " in text:  # each round halves the longest run
        text = text.replace(b"  ", b" ")
    return text


def _close(body: bytes) -> bytes:
    """With the last line ended, as the DATA command of SMTP will do."""
    return body if body.endswith(b"\r\n") else body + b"\r\n"


def _end_in_one_crlf(body: bytes) -> bytes:
    if not body.endswith(b"\r\n\r\n") and body != b"\r\n":
        return body
    # Backwards over the tail alone: a bare CR or LF among the last bytes is content and stays.
    tail = body[len(body.rstrip(b"\r\n")) :]
    blank = _LINE_ENDS.match(tail[::-1])
    text = body[: len(body) - (blank.end() if blank else 0)]
    return text and text + b"\r\n"
