"""What does this header block say, and how is one field of it changed without touching another byte?

RFC 5322 §2.2, read as mail arrives rather than as it should: nothing here raises, and the time is linear in the input.
A *head* is the header block, each field ended by CRLF, without the empty line; a *field* is one complete header field.
Fields are written by `header_encoding`, whose functions are offered here too.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.header_encoding import (
    encode_date,
    encode_identifiers,
    encode_mailboxes,
    encode_parameters,
    encode_text,
)

__all__ = [
    "MAX_HEAD_BYTES",
    "encode_date",
    "encode_identifiers",
    "encode_mailboxes",
    "encode_parameters",
    "encode_text",
    "field_value",
    "get_field",
    "has_field",
    "iter_fields",
    "needs_smtputf8",
    "normalise_line_ends",
    "remove_field",
    "set_field",
    "split_message",
]

# A field's first line (white space before the colon is §4.5's) or a continuation.
_HEAD_LINE = re.compile(rb"(?:[!-9;-~]+[ \t]*:|[ \t])[^\n]*\n?")
_FIELD_START = re.compile(rb"[!-9;-~]+[ \t]*:")
_BROKEN_FIELD = re.compile(rb"[^\n:]+:[^\n]*\n(?=[!-9;-~]+[ \t]*:)")
# No field at all, but fields that every mail has follow it.
_JUNK_LINE = re.compile(
    rb"""[^\n:]+\n(?=(?:[ \t][^\n]*\n){0,5}
    (?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]+|received|reply-to)[ \t]*:)""",
    re.IGNORECASE | re.VERBOSE,
)
_EMPTY_LINE = re.compile(rb"\r*\n")
_FIELD = re.compile(rb"(?:[^\n]+\n?|\n)(?:[ \t][^\n]*\n?)*")
_STRAY_CR = re.compile(rb"\r(?!\n)")
_BARE_LF = re.compile(rb"(?<!\r)\n")
# What must not reach a database or another header field, however it was smuggled into this one.
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
# Five times what Postfix takes for a header (header_size_limit), as much as Gmail does; it is read many times over.
MAX_HEAD_BYTES = 500_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def split_message(raw: bytes, *, max_head_bytes: int = MAX_HEAD_BYTES) -> tuple[bytes, bytes]:
    """The head, its line ends made CRLF, and the body, untouched.

    The body starts after the empty line or, where that is missing, at the first line that is no header field. Left out
    are a mbox "From " line, a byte order mark, a first line that is no field though the second one is, a field whose
    name is malformed when another field follows it, and a line that is nothing when a well-known field follows it.
    The first line that ends beyond `max_head_bytes` begins the body.
    """
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\r\n")  # old Macintosh files
    end = _find_first_field(raw)
    has_head = _FIELD_START.match(raw, end) is not None
    lines: list[bytes] = []
    while has_head and (line := _match_line(raw, end)) and line.end() <= max_head_bytes:
        end = line.end()
        if line.re is _HEAD_LINE:
            lines.append(line[0])
    empty_line = _EMPTY_LINE.match(raw, end)
    return _with_crlf(b"".join(lines)), raw[empty_line.end() if empty_line else end :]


def iter_fields(head: bytes) -> Iterator[tuple[str, bytes]]:
    """Each field's name in lower case, "" for a line without a colon, and the field as it stands, CRLFs included."""
    for match in _FIELD.finditer(head):
        yield _name_of(match[0]), match[0]


def field_value(field: bytes) -> str:
    """What stands after the colon, unfolded, encoded words left as they are: read addresses from this.

    8-bit text is taken for UTF-8 (RFC 6532), else for ISO 8859-1; controls become blanks.
    """
    octets = b"".join(field.partition(b":")[2].splitlines()).strip(b" \t")
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return _UNFIT.sub(" ", text)


def get_field(head: bytes, name: str) -> str | None:
    """The first such field as a person reads it: unfolded, encoded words decoded; None when there is none."""
    found = _field_of(name).search(head)
    return _UNFIT.sub(" ", decode_encoded_words(field_value(found[0]))) if found else None


def has_field(head: bytes, name: str) -> bool:
    """Whether there is such a field, whatever it says."""
    return _field_of(name).search(head) is not None


def set_field(head: bytes, field: bytes) -> bytes:
    """The head with `field` in place of the first of its name and without the others, or at the end."""
    places = iter((field,))
    changed, found = _field_of(_name_of(field)).subn(lambda _: next(places, b""), head)
    return changed if found else head + field


def remove_field(head: bytes, name: str) -> bytes:
    """The head without any field of that name."""
    return _field_of(name).sub(b"", head)


def needs_smtputf8(head: bytes) -> bool:
    """Whether the message may only go to a server that offers SMTPUTF8: a field carries raw UTF-8 (RFC 6532 §3)."""
    return not head.isascii()


def normalise_line_ends(raw: bytes) -> bytes:
    """CRLF for each bare LF and a blank for each CR without LF; the same bytes where there is neither.

    Servers disagree on whether those end a line, which lets a second message be smuggled in (RFC 5321 §2.3.8).
    """
    line_ends = raw.count(b"\r\n")
    if raw.count(b"\r") != line_ends:
        raw = _STRAY_CR.sub(b" ", raw)
    return raw if raw.count(b"\n") == line_ends else _BARE_LF.sub(b"\r\n", raw)


@lru_cache(maxsize=512)
def _field_of(name: str) -> re.Pattern[bytes]:
    """Such a field as it stands: as `iter_fields` gives it, without looking at the others."""
    pattern = rb"^%b[ \t]*:[^\n]*\n?(?:[ \t][^\n]*\n?)*" % re.escape(name.encode("utf-8", "replace"))
    return re.compile(pattern, re.MULTILINE | re.IGNORECASE)


def _name_of(field: bytes) -> str:
    name, colon, _ = field.partition(b":")
    return name.strip().lower().decode("latin-1") if colon else ""


def _find_first_field(raw: bytes) -> int:
    """Where the head starts: after what mailbox files, editors and broken programs put before it."""
    start = len(_BYTE_ORDER_MARK) if raw.startswith(_BYTE_ORDER_MARK) else 0
    if _FIELD_START.match(raw, start):
        return start
    line_end = raw.find(b"\n", start) + 1
    line = raw[start:line_end]
    if _FIELD_START.match(line.lstrip(b" \t")):
        return line_end - len(line.lstrip(b" \t"))
    is_skipped = line.startswith((b"From ", b">From ")) or (line.strip() and _FIELD_START.match(raw, line_end))
    return line_end if is_skipped else start


def _match_line(raw: bytes, start: int) -> re.Match[bytes] | None:
    if _EMPTY_LINE.match(raw, start):
        return None
    return _HEAD_LINE.match(raw, start) or _BROKEN_FIELD.match(raw, start) or _JUNK_LINE.match(raw, start)


def _with_crlf(head: bytes) -> bytes:
    if head.count(b"\r\n") != head.count(b"\n"):
        head = re.sub(rb"\r*\n", b"\r\n", head)
    return head if head.endswith(b"\n") or not head else head + b"\r\n"
