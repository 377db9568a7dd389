"""What did the SMTP server say? Replies, and their incremental and tolerant reading (RFC 5321 §4.2, RFC 3463)."""

import re
from dataclasses import dataclass
from functools import lru_cache

# RFC 5321 §4.5.3.1.5 allows 512 octets a line; some servers explain themselves at length.
MAX_LINE_OCTETS = 2048
# The longest EHLO replies in the field have some thirty lines; more than this is a flood.
MAX_LINES = 200

_ORDINARY = re.compile(rb"([1-9][0-9]{2}) ([ -~]*)\r")
_CODE = re.compile(rb"[0-9]{3}(?![0-9])")
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its three-digit code and the text of each line, code and line end removed, enhanced status kept."""

    code: int
    lines: tuple[str, ...]

    @property
    def enhanced(self) -> str | None:
        """The RFC 3463 status of the first line that has one; None also when its class contradicts the code."""
        for line in self.lines:
            if status := _STATUS.match(line):
                return status[1] if status[1][0] == str(self.code)[0] else None
        return None

    @property
    def text(self) -> str:
        """What was said, as one line without the statuses."""
        return " ".join(_STATUS.sub("", line, count=1) if line[:1] in "245" else line for line in self.lines).strip()

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_transient(self) -> bool:
        return 400 <= self.code < 500

    @property
    def is_permanent(self) -> bool:
        return 500 <= self.code < 600

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}".rstrip()


class ReplyParser:
    """Cuts a stream of octets into replies.

    Read as meant: a bare LF, a code without text, empty lines, lines without a code inside a multi-line reply, octets
    that are not UTF-8 or not printable, and lines longer than MAX_LINE_OCTETS (cut). A line that is no reply at all or
    a reply that contradicts itself sets `fault`, and nothing after it is read: with commands pipelined, guessing which
    command a later reply answers could take a refusal for an acceptance.
    """

    __slots__ = ("_code", "_lines", "_partial", "fault")

    def __init__(self) -> None:
        self.fault: str | None = None
        self._partial = b""
        self._code = 0
        self._lines: list[str] = []

    @property
    def is_idle(self) -> bool:
        """Nothing of a further reply has arrived."""
        return not (self._partial or self._lines)

    def feed(self, octets: bytes) -> list[Reply]:
        """The replies completed by these octets."""
        *lines, partial = (self._partial + octets).split(b"\n")
        self._partial = partial[:MAX_LINE_OCTETS]
        return [reply for line in lines if (reply := self._read_line(line)) is not None]

    def _read_line(self, line: bytes) -> Reply | None:
        if self.fault is not None:
            return None
        if not self._lines and (reply := _read_ordinary_line(line)) is not None:
            return reply
        if _CODE.match(line):
            return self._read_coded_line(int(line[:3]), line[3:])
        if self._lines:
            self._keep_text(line)
        elif line.strip():
            self.fault = f"this is not an SMTP reply: {_decode(line)[:200]!r}"
        return None

    def _read_coded_line(self, code: int, rest: bytes) -> Reply | None:
        if self._lines and code // 100 != self._code // 100:
            self.fault = f"the reply contradicts itself: {self._code} {self._lines[-1]!r}, then {code}"
            return None
        self._code = code
        self._keep_text(rest[1:] if rest[:1] in b"- \t" else rest)
        return None if rest[:1] == b"-" else self._finish()

    def _keep_text(self, text: bytes) -> None:
        self._lines.append(_decode(text))
        if len(self._lines) > MAX_LINES:
            self.fault = f"the reply has more than {MAX_LINES} lines"

    def _finish(self) -> Reply | None:
        reply = Reply(self._code, tuple(self._lines))
        self._lines = []
        return reply if self.fault is None else None


@lru_cache(maxsize=256)  # "250 2.1.0 Ok" comes a million times: four times less CPU a message
def _read_ordinary_line(line: bytes) -> Reply | None:
    match = _ORDINARY.fullmatch(line) if len(line) < MAX_LINE_OCTETS else None
    return Reply(int(match[1]), (match[2].decode("ascii").rstrip(),)) if match else None


def _decode(octets: bytes) -> str:
    text = octets[:MAX_LINE_OCTETS].rstrip().decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    # Replies end in database rows and on screens: no NUL, no escape sequences.
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)
