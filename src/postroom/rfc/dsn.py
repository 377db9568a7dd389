"""What does a delivery status notification say of each recipient, and how is one written?

RFC 3464 (with RFC 3461 §4.2 for xtext and RFC 6533 for UTF-8 addresses), read from raw bytes as it arrives: fields in
any order, recipients not parted by empty lines, `Status :`, values without their type.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from postroom.rfc.fit_text import make_fit

ENHANCED_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")

_FIELD = re.compile(r"[>| ]{0,2}([A-Za-z][A-Za-z0-9-]{0,60})[ \t]*:[ \t]*(.*)", re.DOTALL)
_TYPED = re.compile(
    r"\s*(?:(rfc822|utf-8|x-[\w-]+|local|smtp|unknown|x400|dns|[a-z][\w-]{0,20})\s*;)?(.*)", re.IGNORECASE | re.DOTALL
)
_ROUTE = re.compile(r"(?:@[^\s@:,]{1,255},?)+:(?=[^\s@]+@)")  # obsolete source route, RFC 5321 appendix C
_UNICODE_ESCAPE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533 §3
_NAMES = {"final-recipient", "original-recipient"}
_RECIPIENT_FIELDS = _NAMES | {"x-actual-recipient", "action", "status"}
_GROUP_FIELDS = _RECIPIENT_FIELDS | {"diagnostic-code", "remote-mta", "last-attempt-date", "will-retry-until"}
_MAX_LINES = 20_000
_MAX_VALUE = 4000

# RFC 3464 §2.3.3, and the words that programs use instead.
_ACTIONS = {
    "failed": "failed", "failure": "failed", "fail": "failed", "error": "failed", "expired": "failed",
    "bounced": "failed", "rejected": "failed", "delayed": "delayed", "deferred": "delayed", "delivered": "delivered",
    "deliverable": "delivered", "relayed": "relayed", "expanded": "expanded",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """The fields of one recipient (RFC 3464 §2.3), by lower-case name; the first of each name."""

    fields: Mapping[str, str]

    @property
    def address(self) -> str | None:
        """The final recipient, or where that is not one the world knows, the original or the actual one."""
        names = ("final-recipient", "original-recipient", "x-actual-recipient")
        addresses = [address for name in names if (address := read_typed_address(self.fields.get(name, "")))]
        public = [address for address in addresses if "." in address.rpartition("@")[2]]
        return next(iter(public or addresses), None)

    @property
    def original_address(self) -> str | None:
        """The recipient as it was given by the sender (§2.3.1); None when the report does not say."""
        return read_typed_address(self.fields.get("original-recipient", ""))

    @property
    def action(self) -> str | None:
        """failed, delayed, delivered, relayed or expanded; None when missing or unknown."""
        words = re.findall(r"[a-z]+", self.fields.get("action", "").lower())
        return next((_ACTIONS[word] for word in words if word in _ACTIONS), None)

    @property
    def status(self) -> str | None:
        """The RFC 3463 code."""
        match = ENHANCED_STATUS.search(self.fields.get("status", ""))
        return match[1] if match else None

    @property
    def diagnostic(self) -> str:
        """What the Diagnostic-Code says, without its type; "" when missing."""
        typed = _TYPED.fullmatch(self.fields.get("diagnostic-code", ""))
        return typed[2].strip() if typed else ""


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """The fields about the message, by lower-case name, and those of each recipient."""

    message: Mapping[str, str]
    recipients: tuple[RecipientStatus, ...]


def read_delivery_status(content: bytes | str) -> DeliveryStatus:
    """The content of message/delivery-status, or a text that has such fields in it."""
    text = content if isinstance(content, str) else _decode(content)
    message: dict[str, str] = {}
    groups: list[dict[str, str]] = []
    for block in _iter_blocks(text):
        for piece in _split_by_recipient(block):
            message = {name: value for name, value in piece.items() if name not in _GROUP_FIELDS} | message
            if piece.keys().isdisjoint(_GROUP_FIELDS):
                continue
            # An empty line may stand where it should not: what names nobody belongs to who was named last.
            if groups and (piece.keys().isdisjoint(_NAMES) or groups[-1].keys().isdisjoint(_NAMES)):
                groups[-1] = piece | groups[-1]
            else:
                groups.append(piece)
    return DeliveryStatus(message, tuple(RecipientStatus(group) for group in groups))


def iter_report_fields(content: bytes) -> Iterator[tuple[str, str]]:
    """The fields of a report of any kind, names in lower case, values unfolded."""
    for block in _iter_blocks(_decode(content)):
        yield from block


def read_typed_address(value: str) -> str | None:
    """The address in `rfc822; user@example.com`; None for what is none (a local name, a program)."""
    typed = _TYPED.fullmatch(value)
    if typed is None or (typed[1] or "").lower() in ("x-unix", "x400"):
        return None
    text = _UNICODE_ESCAPE.sub(_unescape, typed[2]).strip()
    if "<" in text:
        text = text.partition("<")[2].partition(">")[0]
    text = _ROUTE.sub("", re.sub(r"(?i)^(?:smtp|mailto):", "", text.strip().strip("\"'"))).partition(" ")[0]
    text = text.strip("<>()[]\"',;:.").removesuffix("\\")
    local, _, domain = text.rpartition("@")
    return text if local and domain and not local.startswith("@") and text.isprintable() else None


def _iter_blocks(text: str) -> Iterator[list[tuple[str, str]]]:
    """Runs of fields without an empty line between them; a line that is no field continues the one before."""
    block: list[tuple[str, str]] = []
    for line in text.split("\n")[:_MAX_LINES]:
        stripped = line.strip()
        match = None if line[:1] in " \t" and block else _FIELD.fullmatch(line.rstrip())
        if match:
            block.append((match[1].lower(), match[2].strip()[:_MAX_VALUE]))
        elif stripped and block and (line[:1] in " \t" or block[-1][0] == "diagnostic-code"):
            name, value = block[-1]
            block[-1] = (name, f"{value} {stripped}" if len(value) < _MAX_VALUE else value)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _split_by_recipient(block: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """The fields of a block as one mapping a recipient: a new one begins where such a field comes again."""
    pieces: list[dict[str, str]] = [{}]
    for name, value in block:
        if name in pieces[-1] and name in _RECIPIENT_FIELDS:
            pieces.append({})
        pieces[-1].setdefault(name, value)
    return pieces


def _decode(content: bytes) -> str:
    try:
        return make_fit(content.decode())
    except UnicodeDecodeError:
        return make_fit(content.decode("latin-1"))


def _unescape(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""
