"""Of which parts is this message made, and what does each of them hold?

RFC 2045 and 2046, read as mail arrives: a boundary that is missing, wrong or never closed, header fields after a blank
line, character sets that are wrong. Nothing here raises, the time is linear in the input, and the depth is bounded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from postroom.rfc.charset_guess import declared_in_html, decode_text, is_utf_8
from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.headers import field_value, iter_fields, split_message
from postroom.rfc.mime_parameters import read_parameters
from postroom.rfc.transfer_encoding import undo_transfer_encoding

# Each level reads its octets once more: the depth bounds the time. Honest mail forwarded ten times over stays below.
MAX_DEPTH = 25
MAX_PARTS = 2000
# So many times the message's own size is read in all its levels together, or so many octets where it is small.
MAX_REREADING, MIN_OCTETS = 5, 5_000_000

_TYPE = re.compile(r"[!#$&-.^-~+\w]+/[!#$&-.^-~+\w]+", re.ASCII)
# Where the declared boundary is not to be found: the first line that stands like one before a part's header.
_LIKELY_BOUNDARY = re.compile(
    rb"^--([^\s-][^\r\n]{0,150}?|-[^\r\n]{1,150}?)[ \t]{0,20}\r{0,2}\n(?=Content-[A-Za-z-]{2,40}[ \t]*:)", re.MULTILINE
)
_LATE_FIELD = re.compile(rb"\s*Content-(?:Type|Transfer-Encoding|Disposition)[ \t]*:", re.IGNORECASE)
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Entity:
    """A message or a body part (RFC 2045 §2.4).

    `head`: its header fields, CRLF after each. `content_type`: `type/subtype` in lower case, `text/plain` when none is
    given, `application/octet-stream` for what is nested deeper than is read. `parameters`: those of Content-Type,
    names in lower case. `parts`: what a multipart holds, or the one message in a message/rfc822. `body`: as sent, its
    transfer encoding included.
    """

    head: bytes
    content_type: str
    parameters: Mapping[str, str]
    parts: tuple["Entity", ...]
    body: bytes = field(repr=False)

    @cached_property
    def decoded(self) -> bytes:
        """The body without its transfer encoding; what cannot be decoded stays as it is."""
        return undo_transfer_encoding(self.body, self.transfer_encoding)

    @cached_property
    def text(self) -> str:
        """The decoded body in its character set, or in the likeliest one; line ends are LF."""
        charset = self.parameters.get("charset", "")
        if not charset and self.content_type == "text/html":
            charset = declared_in_html(self.decoded)
        text = decode_text(self.decoded, charset)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    @cached_property
    def transfer_encoding(self) -> str:
        """In lower case, "" for none."""
        value = self.get("content-transfer-encoding") or ""
        return value.partition(";")[0].strip().strip("\"'").lower()

    @property
    def disposition(self) -> str:
        """`inline`, `attachment`, whatever else was written, in lower case, or "" for none (RFC 2183)."""
        return self._disposition[0]

    @property
    def filename(self) -> str:
        """As the sender named it, folders included; "" for none. Not to be used as a path."""
        return self._disposition[1].get("filename") or self.parameters.get("name", "")

    def get(self, name: str) -> str | None:
        """The first such field as a person reads it, unfolded and decoded; None when there is none."""
        values = self._values.get(name.lower())
        return _UNFIT.sub(" ", decode_encoded_words(self._readable(name.lower(), values[0]))) if values else None

    def _readable(self, name: str, value: str) -> str:
        """The value; what is neither ASCII nor UTF-8, in the character set of the text, or in the likeliest."""
        octets = b"" if value.isascii() else next(raw for found, raw in iter_fields(self.head) if found == name)
        charset = "utf-8" if is_utf_8(octets) else self.parameters.get("charset", "")
        return field_value(decode_text(octets, charset).encode()) if octets else value

    def get_values(self, name: str) -> tuple[str, ...]:
        """Every such field, unfolded, encoded words left as they are: read addresses from these."""
        return self._values.get(name.lower(), ())

    def walk(self) -> Iterator["Entity"]:
        """This entity and all that it holds, those of attached messages too, in the order of the text."""
        waiting = [self]
        while waiting:
            entity = waiting.pop()
            yield entity
            waiting.extend(reversed(entity.parts))

    @cached_property
    def _values(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, raw in iter_fields(self.head):
            found.setdefault(name, []).append(field_value(raw))
        return {name: tuple(values) for name, values in found.items()}

    @cached_property
    def _disposition(self) -> tuple[str, dict[str, str]]:
        return read_parameters(next(iter(self.get_values("content-disposition")), ""))


def read_entity(raw: bytes) -> Entity:
    """The message as a tree; `raw` is kept alive by it. Whatever it is, it is a message: at worst one of text alone."""
    line_feeds = raw.count(b"\n")
    if raw.count(b"\r") > 2 * line_feeds:  # old Macintosh files, in which a stray LF may stand
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _Reader(len(raw)).read(raw, "text/plain", depth=0)


class _Reader:
    """Reads one message; counts its parts, and the octets of all levels, each of which is a copy."""

    def __init__(self, size: int) -> None:
        self.parts_left = MAX_PARTS
        self.octets_left = max(MAX_REREADING * size, MIN_OCTETS)

    def read(self, raw: bytes, default_type: str, *, depth: int) -> Entity:
        head, body = _split(raw)
        content_type, parameters = _read_content_type(head, default_type)
        self.octets_left -= len(raw)
        if (depth >= MAX_DEPTH or self.octets_left < 0) and content_type.startswith(("multipart/", "message/")):
            content_type = "application/octet-stream"
        bare = Entity(head, content_type, parameters, (), body)
        parts = tuple(self.read_parts(bare, depth=depth + 1))
        return Entity(head, content_type, parameters, parts, body) if parts else bare

    def read_parts(self, entity: Entity, *, depth: int) -> Iterator[Entity]:
        if entity.content_type.startswith("multipart/"):
            default_type = "message/rfc822" if entity.content_type == "multipart/digest" else "text/plain"
            for part in _split_multipart(entity):
                if not self.parts_left:
                    return
                self.parts_left -= 1
                yield self.read(part, default_type, depth=depth)
        elif entity.content_type in ("message/rfc822", "message/global") and self.parts_left:
            self.parts_left -= 1
            yield self.read(entity.decoded, "text/plain", depth=depth)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Head and body; where the head says nothing of the content, fields after a blank line belong to it."""
    head, body = split_message(raw)
    if _LATE_FIELD.match(body) and not any(name == "content-type" for name, _ in iter_fields(head)):
        more, body = split_message(body.lstrip())
        head += more
    return head, body


def _read_content_type(head: bytes, default: str) -> tuple[str, dict[str, str]]:
    value = next((field_value(raw) for name, raw in iter_fields(head) if name == "content-type"), "")
    token, parameters = read_parameters(value)
    match = _TYPE.match(token.replace(" ", ""))
    if match:
        return match[0], parameters
    return {"text": "text/plain", "html": "text/html", "plain": "text/plain"}.get(token, default), parameters


def _split_multipart(multipart: Entity) -> Iterator[bytes]:
    """The octets of each part, headers included, without the line end that belongs to the delimiter (§5.1.1)."""
    body, delimiter = _find_delimiter(multipart)
    start = None
    for found in delimiter.finditer(body) if delimiter else ():
        if start is not None:
            yield _without_line_end(body[start : found.start()])
        start = None if found[1] else found.end()
    if start is not None:  # never closed
        yield body[start:]


def _find_delimiter(multipart: Entity) -> tuple[bytes, re.Pattern[bytes] | None]:
    """The body that holds delimiters and what they look like: as declared, else as they probably are.

    A multipart may not be encoded (§6.4): where one says that it is, that is true only if nothing is found otherwise.
    """
    declared = multipart.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
    for body in (multipart.body, multipart.decoded):
        delimiter = _delimiter_of(declared)
        if declared and delimiter.search(body):
            return body, delimiter
        likely = _LIKELY_BOUNDARY.search(body)
        if likely:
            return body, _delimiter_of(likely[1])
    return b"", None


def _delimiter_of(boundary: bytes) -> re.Pattern[bytes]:
    """A line that starts with it; what follows after a blank does not count (§5.1.1). Group 1: it closes."""
    return re.compile(rb"^--" + re.escape(boundary) + rb"(--)?(?:[ \t][^\n]*)?\r*(?:\n|\Z)", re.MULTILINE)


def _without_line_end(part: bytes) -> bytes:
    return part.removesuffix(b"\n").removesuffix(b"\r")
