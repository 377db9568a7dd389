"""Which parts of this mail explain, which state facts, and which return the message that it is about?

RFC 6522 (multipart/report), read from raw bytes, because the reports that matter most are broken: a boundary that is
not the declared one, no MIME header at all, an empty line among a part's fields, a returned message appended to the
text. Parts are taken one after the other, however they are nested. Nothing here raises, and the time is linear.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from postroom.rfc.charset_guess import decode_text
from postroom.rfc.fit_text import make_fit
from postroom.rfc.headers import field_value, iter_fields, split_message
from postroom.rfc.html_text import html_to_text
from postroom.rfc.mime_parameters import read_parameters
from postroom.rfc.transfer_encoding import undo_transfer_encoding

# Explanations are a page or two; what is longer is a returned message that nothing announced.
MAX_EXPLANATION = 64 * 1024
MAX_LINES = 3000
MAX_PARTS = 500
# A returned message may be large; what is read of the other parts is not.
_MAX_ENCODED = 512 * 1024
_MAX_FIELD = 2000

_DELIMITER = re.compile(rb"^--([^\r\n]{1,200})\r*$", re.MULTILINE)
_CONTENT_FIELD = re.compile(rb"(?:[ \t]*\r*\n)?Content-[A-Za-z-]{1,40}[ \t]*:", re.IGNORECASE)
_PART_HEAD = re.compile(rb"(?:[!-9;-~]+[ \t]*:[^\n]*(?:\n|\Z)(?:[ \t]+[^\s][^\n]*(?:\n|\Z))*)+")
_EMPTY_LINE = re.compile(rb"[ \t]*\r*\n")

_STATUS_TYPE = re.compile(r"message/(?:x|global-|x-)?delivery-?status", re.IGNORECASE)
_RETURNED_TYPE = re.compile(r"(?:message|text)/(?:x-)?(?:rfc822|global)(?:-headers?)?(?![\w-])", re.IGNORECASE)


# The line with which programs announce the message they return: either fenced, or a sentence that ends in "follows".
_ANNOUNCEMENT = re.compile(
    r"""[>\s]*(?P<fence>[-=*_+#|]{2,}\s*)?
    [^\n]{0,60}?\b(?:
        (?:original|returned|unsent|undelivered|rejected|bounced)\s(?:message|mail|e-mail|headers?)\b
        | (?:copy|text|headers?|body|lines|part)\sof\s(?:the|your|this)\s(?:\w+\s)?(?:message|mail|e-mail)\b
        | message\s(?:headers?|text|contents?|body)\b
        | original-?nachricht | message\sd.origine | messaggio\soriginale | mensaje\soriginal | mensagem\soriginal
        | your\smessage\s(?:reads|begins)
    )[^\n]{0,60}?
    (?(fence)[^\n]{0,40}|(?:follows?|below|:|\(in\spart\)):?\.?)\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_JAPANESE_ANNOUNCEMENT = re.compile(r"\W*(?:元の|オリジナル|返送された)(?:メッセージ|メール).{0,40}")
_SESSION_FENCE = re.compile(r"transcript|session|was received|following address|details", re.IGNORECASE)
_HEADER_LINE = re.compile(r"(?:>[ ]?)?([A-Za-z][A-Za-z0-9-]{1,40}):(?:\s|$)")
# No notice writes these of itself in its text, unless it quotes a message.
_TELLING_FIELDS = {"received", "return-path", "message-id", "mime-version", "dkim-signature", "delivered-to"}
_MIN_HEADER_RUN = 3


@dataclass(slots=True)
class _Part:
    """One body part: its fields as one text, and what stands after them."""

    fields: str
    content: bytes

    @property
    def content_type(self) -> str:
        return _field_of(self.fields, "content-type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A mail, taken apart as a report.

    `explanation` is what a person reads, decoded, LF between its lines, without the returned message; `statuses`,
    `feedback` and `disposition` are the decoded contents of message/delivery-status, message/feedback-report and
    message/disposition-notification, empty when there is none; `returned` is the returned message or only its head.
    `report_type` is the parameter of multipart/report, in lower case, "" when none.
    """

    head: bytes
    report_type: str
    explanation: str
    statuses: tuple[bytes, ...] = ()
    feedback: bytes = b""
    disposition: bytes = b""
    returned: bytes | None = None


@dataclass(slots=True)
class _Sorted:
    """The parts of a report as they come in."""

    texts: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    statuses: list[bytes] = field(default_factory=list)
    feedback: bytes = b""
    disposition: bytes = b""
    returned: bytes | None = None

    def add(self, part: _Part) -> None:
        kind = part.content_type.lower()
        if _STATUS_TYPE.match(kind):
            self.statuses.append(_decode_transfer(part)[:_MAX_ENCODED])
        elif _RETURNED_TYPE.match(kind):
            self.returned = self.returned or _decode_transfer(part)
        elif kind.startswith("message/feedback-report"):
            self.feedback = self.feedback or _decode_transfer(part)
        elif kind.startswith("message/disposition-notification"):
            self.disposition = self.disposition or _decode_transfer(part)
        elif self.returned is None:
            self.add_text(part, kind)

    def add_text(self, part: _Part, kind: str) -> None:
        if kind.startswith("text/html"):
            self.pages.append(html_to_text(_decode_text(part)))
        elif kind.startswith("text/") or "/" not in kind:
            self.texts.append(_decode_text(part))


def read_report(raw: bytes) -> Report:
    """The mail as a report; of a mail that is none, `explanation` is its text."""
    head, body = split_message(raw)
    if not head:
        head, body = split_message(body.lstrip())
    fields = _unfold(head)
    root = _Part(fields, body)
    parts = _Sorted()
    for part in _iter_parts(root):
        parts.add(part)
    plain = "\n".join(parts.texts)
    text = plain if plain.strip() else "\n".join(parts.pages)
    explanation, appended = split_explanation(make_fit(text))
    return Report(
        head=head,
        report_type=_parameter_of(root.content_type, "report-type").lower(),
        explanation=explanation[:MAX_EXPLANATION],
        statuses=tuple(parts.statuses),
        feedback=parts.feedback,
        disposition=parts.disposition,
        returned=parts.returned if parts.returned is not None else appended,
    )


def split_explanation(text: str) -> tuple[str, bytes | None]:
    """The text before the returned message that it ends in, and that message, None when there is none.

    The message begins after a line that announces it ("Original message follows."), or where header fields begin.
    """
    lines = text.split("\n")
    for index, line in enumerate(lines[:MAX_LINES]):
        if _announces(line):
            return "\n".join(lines[:index]), _encode_lines(lines[index + 1 :])
        if _starts_header_run(lines, index):
            return "\n".join(lines[:index]), _encode_lines(lines[index:])
    return "\n".join(lines), None


def _announces(line: str) -> bool:
    if not 10 <= len(line.strip()) <= 160:
        return bool(0 < len(line) < 160 and _JAPANESE_ANNOUNCEMENT.fullmatch(line))
    return bool(_ANNOUNCEMENT.fullmatch(line)) and not _SESSION_FENCE.search(line)


def _starts_header_run(lines: list[str], index: int) -> bool:
    """Whether at least three header fields stand here without an empty line, one of them of a kind that tells."""
    if not _HEADER_LINE.match(lines[index]):
        return False
    names: list[str] = []
    for line in lines[index : index + 12]:
        if match := _HEADER_LINE.match(line):
            names.append(match[1].lower())
        elif not line[:1].isspace() and not line.startswith(">"):
            break
    return len(names) >= _MIN_HEADER_RUN and not _TELLING_FIELDS.isdisjoint(names)


def _encode_lines(lines: Iterable[str]) -> bytes | None:
    """The lines as the message they were, quote marks removed where each line has one."""
    kept = list(lines)
    while kept and not kept[0].strip():
        kept.pop(0)
    if kept and kept[0].startswith(">") and not kept[0].startswith(">From "):
        kept = [line.removeprefix(">").removeprefix(" ") for line in kept]
    return "\n".join(kept).encode("utf-8", "surrogateescape") if kept else None


def _iter_parts(root: _Part) -> Iterator[_Part]:
    """The leaves of the MIME tree in order, the text around them included."""
    body = root.content
    known = _boundaries(root.content_type)
    fields, start = root.fields, 0
    ends_returned: set[bytes] | None = None
    for match in islice(_DELIMITER.finditer(body), MAX_PARTS):
        token = match[1].rstrip()
        if not _is_delimiter(body, match, known, ends_returned):
            continue
        yield _Part(fields, body[start : match.start()])
        if token not in known and token[:-2] in known:
            fields, start, ends_returned = "Content-Type: multipart/none", match.end(), None
            continue
        known.add(token)
        fields, start = _read_part_head(body, match.end() + 1)
        part_type = _field_of(fields, "content-type")
        ends_returned = set(known) if _RETURNED_TYPE.match(part_type) else None
        if ends_returned is None:
            known |= _boundaries(part_type)
    yield _Part(fields, body[start:])


def _is_delimiter(body: bytes, match: re.Match[bytes], known: set[bytes], ends_returned: set[bytes] | None) -> bool:
    """Whether the line is one of a known boundary or, outside of a returned message, one before a part's fields."""
    token = match[1].rstrip()
    boundaries = known if ends_returned is None else ends_returned
    if token in boundaries or (token.endswith(b"--") and token[:-2] in boundaries):
        return True
    return ends_returned is None and _CONTENT_FIELD.match(body, match.end() + 1) is not None


def _read_part_head(body: bytes, start: int) -> tuple[str, int]:
    """The part's fields, and where its content begins. An empty line among the fields is read over."""
    heads: list[bytes] = []
    position = start
    for _ in range(4):
        if heads and not (_CONTENT_FIELD.match(body, position) and not _RETURNED_TYPE.search(_unfold(b"".join(heads)))):
            break
        skipped = _EMPTY_LINE.match(body, position) if _CONTENT_FIELD.match(body, position) else None
        if skipped:
            position = skipped.end()
        if not (head := _PART_HEAD.match(body, position)):
            break
        heads.append(head[0])
        position = head.end()
        if empty := _EMPTY_LINE.match(body, position):
            position = empty.end()
    if not heads and (empty := _EMPTY_LINE.match(body, position)):
        position = empty.end()
    return _unfold(b"".join(heads)), position


def _boundaries(content_type: str) -> set[bytes]:
    boundary = _parameter_of(content_type, "boundary")
    return {boundary.encode("utf-8", "replace")} if boundary else set()


def _parameter_of(content_type: str, name: str) -> str:
    return read_parameters(content_type[:_MAX_FIELD])[1].get(name, "").strip()


def _unfold(head: bytes) -> str:
    """The fields, one a line, names in lower case."""
    return "\n".join(f"{name}: {field_value(raw)}" for name, raw in iter_fields(head) if name)


def _field_of(fields: str, name: str) -> str:
    prefix = f"{name}: "
    for line in fields.split("\n"):
        if line.startswith(prefix):
            return line[len(prefix) :].strip()
    return ""


def _decode_transfer(part: _Part) -> bytes:
    return undo_transfer_encoding(part.content, _field_of(part.fields, "content-transfer-encoding").lower())


def _decode_text(part: _Part) -> str:
    octets = _decode_transfer(_Part(part.fields, part.content[:_MAX_ENCODED]))[: 4 * MAX_EXPLANATION]
    return decode_text(octets, _parameter_of(part.content_type, "charset"))
