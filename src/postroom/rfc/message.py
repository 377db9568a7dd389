"""Which bytes carry this text, this html and these attachments?

MIME (RFC 2045, RFC 2046) written by hand, because it stands on the hot path: the standard library takes thirty times as
long. No line is longer than 998 octets, and the SMTP client need escape no dot except in an attached message.
"""

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from unicodedata import combining, normalize

from postroom.errors import ContentError
from postroom.rfc.headers import encode_identifiers, encode_parameters, normalise_line_ends

_MAX_LINE_OCTETS = 998
_QP_LINE = 76
_BASE64_LINE = 76
_MAX_FALLBACK = 60

# Text that no server alters on its way: short lines (RFC 5322 §2.1.1) of ASCII that end in no blank and begin with
# nothing that SMTP (a dot) or a mailbox file ("From ") escapes.
_SEVEN_BIT_TEXT = re.compile(rb"(?:(?!\.|From )[\t -~]{0,77}[!-~]\r\n|\r\n)*+")
_EXPOSED = re.compile(rb"\n(?:\.|From )")
_EXPOSED_LINE = re.compile(rb"^(?:\.|From )[^\n]*", re.MULTILINE)
# RFC 2046 §5.1.1, less the ten places that the suffix may take of its seventy characters.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,60}")
_CONTENT_ID = re.compile(r"[!#-;=?-Z^-~]+")
_ATTRIBUTE = r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+"
_CONTENT_TYPE = re.compile(
    rf'({_ATTRIBUTE})/{_ATTRIBUTE}(?:\s*;\s*{_ATTRIBUTE}=(?:{_ATTRIBUTE}|"[^"\\\r\n]*"))*', re.ASCII
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send along.

    `content_type` may have parameters (`text/calendar; method=REQUEST`). With a `content_id`, given without angle
    brackets, the file is an image that the html shows by `cid:content_id` (RFC 2392).
    """

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says: text, html, or both as alternatives; without either the text is empty."""

    text: str | None
    html: str | None
    attachments: tuple[Attachment, ...] = ()


class Rendered(NamedTuple):
    """MIME fields, and the body after the empty line."""

    head: bytes
    body: bytes


def render(fields: Sequence[bytes], content: Content, *, boundary: str) -> bytes:
    """The whole message: these fields, as `headers` writes them, then the MIME fields and the body."""
    rendered = render_content(content, boundary=boundary)
    return b"".join([*fields, rendered.head, b"\r\n", rendered.body])


def render_content(content: Content, *, boundary: str) -> Rendered:
    """The content as MIME, nested mixed > alternative > related as far as needed.

    Line ends of text become CRLF, and its last line gets one. `boundary`, of up to 60 characters, is where all
    boundaries start; what follows keeps them apart from each other and from the content. Raises ContentError for what
    cannot be written (half a surrogate pair, a malformed type or identifier, an attachment of type multipart) and
    HeaderError for a filename with a line break or another control character.
    """
    if not _BOUNDARY.fullmatch(boundary):
        raise ContentError("A boundary has 1 to 60 letters, digits and hyphens.", field="boundary")
    images: list[Rendered] = []
    files: list[Rendered] = []
    for file in content.attachments:
        if file.content_id is not None and content.html is not None:
            images.append(_attach(file, "inline"))
        else:
            files.append(_attach(file, "attachment"))
    bodies: list[Rendered] = []
    if content.text is not None or content.html is None:
        bodies.append(_render_text(content.text or "", "text", subtype="plain"))
    if content.html is not None:
        bodies.append(_join("related", [_render_text(content.html, "html", subtype="html"), *images], boundary))
    whole = _join("mixed", [_join("alternative", bodies, boundary), *files], boundary)
    return Rendered(b"MIME-Version: 1.0\r\n" + whole.head, whole.body)


def _render_text(text: str, field: str, *, subtype: str) -> Rendered:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        octets = text.encode().replace(b"\n", b"\r\n")
    except UnicodeEncodeError as error:
        message = f"The {field} holds half a surrogate pair at character {error.start}; send whole characters."
        raise ContentError(message, field=field) from None
    if octets and not octets.endswith(b"\r\n"):
        octets += b"\r\n"
    encoding, body = _encode_text(octets)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n'
    return Rendered(head.encode(), body)


def _encode_text(octets: bytes) -> tuple[str, bytes]:
    """7bit where nothing can happen to it on the way, else quoted-printable or base64, whichever is shorter."""
    if octets.isascii() and _SEVEN_BIT_TEXT.fullmatch(octets):
        return "7bit", octets
    # With CRLF in its input b2a_qp breaks lines by CRLF too, and there is one: `octets` ends in it.
    quoted = b2a_qp(octets)
    if len(quoted) > len(octets) * 4 // 3 * (_BASE64_LINE + 2) // _BASE64_LINE:
        return "base64", _encode_base64(octets)
    if _EXPOSED.search(quoted) or quoted.startswith((b".", b"From ")):
        quoted = _EXPOSED_LINE.sub(lambda line: _shield(line[0]), quoted)
    return "quoted-printable", quoted


def _shield(line: bytes) -> bytes:
    """The quoted-printable line with its first octet encoded too, in two where it grows too long."""
    first, rest = b"=%02X" % line[0], line[1:]
    if len(line.rstrip(b"\r")) + 2 <= _QP_LINE:
        return first + rest
    return first + b"=\r\n" + _EXPOSED_LINE.sub(lambda again: _shield(again[0]), rest)


def _encode_base64(octets: bytes) -> bytes:
    encoded = b2a_base64(octets, newline=False)
    return b"\r\n".join([*(encoded[at : at + _BASE64_LINE] for at in range(0, len(encoded), _BASE64_LINE)), b""])


def _attach(file: Attachment, disposition: str) -> Rendered:
    content_type, encoding, body = _encode_file(file)
    names = {"filename": file.filename} if file.filename else {}
    fields = [
        encode_parameters("Content-Type", content_type, _fallback_name(file)),
        f"Content-Transfer-Encoding: {encoding}\r\n".encode(),
        encode_parameters("Content-Disposition", disposition, names),
    ]
    if file.content_id is not None:
        fields.append(_content_id(file.content_id))
    return Rendered(b"".join(fields), body)


def _encode_file(file: Attachment) -> tuple[str, str, bytes]:
    """Type, transfer encoding and body: base64, except for messages, which must not be encoded (RFC 2046 §5.2)."""
    match = _CONTENT_TYPE.fullmatch(file.content_type)
    if not match or match[1].lower() == "multipart":
        message = f"{file.content_type[:80]!a} is not the type of a file; give one such as application/pdf."
        raise ContentError(message, field="content_type")
    if match[1].lower() != "message":
        return file.content_type, "base64", _encode_base64(file.content)
    lines = normalise_line_ends(file.content)
    if b"\0" not in lines and max(map(len, lines.split(b"\r\n"))) <= _MAX_LINE_OCTETS:
        return file.content_type, "7bit" if lines.isascii() else "8bit", lines
    # A message that cannot travel as one arrives all the same, as a file.
    return "application/octet-stream", "base64", _encode_base64(file.content)


def _fallback_name(file: Attachment) -> dict[str, str]:
    """The parameter that programs without RFC 2231 read instead of `filename*`: the old `name`, in plain ASCII.

    Not a second `filename`: readers disagree on which of the two counts, many taking the plain one.
    """
    if file.filename.isascii() or "name=" in file.content_type.lower():
        return {}
    letters = (char for char in normalize("NFKD", file.filename) if not combining(char))
    return {"name": "".join(char if char.isascii() and char not in '"\\' else "_" for char in letters)[-_MAX_FALLBACK:]}


def _content_id(identifier: str) -> bytes:
    if not _CONTENT_ID.fullmatch(identifier):
        raise ContentError("A content_id has letters, digits and .-_@ only, no brackets or blanks.", field="content_id")
    return encode_identifiers("Content-ID", [f"<{identifier}>"])


def _join(subtype: str, parts: Sequence[Rendered], boundary: str) -> Rendered:
    """The parts as one multipart; a single part as it is."""
    if len(parts) == 1:
        return parts[0]
    free = _free_boundary(boundary, parts)
    delimiter = f"--{free}\r\n".encode()
    pieces: list[bytes] = []
    for part in parts:
        pieces += [delimiter, part.head, b"\r\n", part.body, b"\r\n"]
    body = b"".join([*pieces, f"--{free}--\r\n".encode()])
    related = ' type="text/html";' if subtype == "related" else ""  # RFC 2387 §3.1
    # RFC 2045 §6.4: the whole is declared as no less than its parts.
    encoding = "" if body.isascii() else "Content-Transfer-Encoding: 8bit\r\n"
    head = f'Content-Type: multipart/{subtype};{related}\r\n boundary="{free}"\r\n{encoding}'
    return Rendered(head.encode(), body)


def _free_boundary(boundary: str, parts: Sequence[Rendered]) -> str:
    """The given boundary with the first number that makes it occur in no part.

    "=_" never occurs in quoted-printable or base64 (RFC 2045 §6.7), and with "_" at the end none is the beginning of
    another, for readers compare beginnings (RFC 2046 §5.1.1).
    """
    number = 0
    while any(f"{boundary}=_{number}_".encode() in part.body for part in parts):
        number += 1
    return f"{boundary}=_{number}_"
