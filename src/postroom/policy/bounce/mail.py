"""What does the mail that may be a notice have, and what does the message have that it is about?"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from postroom.policy.bounce.signs import plain_words
from postroom.rfc.dsn import DeliveryStatus, read_delivery_status, read_typed_address
from postroom.rfc.encoded_word import decode_encoded_words
from postroom.rfc.headers import field_value, iter_fields, split_message
from postroom.rfc.message_id import parse_message_ids
from postroom.rfc.report import Report, read_report

_QUOTED_MESSAGE_ID = re.compile(r"^[ \t]*message-id[ \t]*:[ \t]*(<[^<>\s]{3,250}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>,;:\"()]{1,200}@[^\s<>,;:\"()]{1,255}")
_MAX_HEAD = 32 * 1024
_OWN_ADDRESS_FIELDS = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "apparently-to")
_SENDER_FIELDS = ("x-postfix-sender", "x-sendgrid-sender", "x-outbound-mail-relay-sender", "x-yandex-sender")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as a report. The mappings hold the first field of each name, by lower-case name, decoded."""

    report: Report
    fields: Mapping[str, str]
    returned_fields: Mapping[str, str]
    statuses: tuple[DeliveryStatus, ...]
    words: str  # the text as `signs` compares it

    @property
    def text(self) -> str:
        """What a person reads, without the returned message."""
        return self.report.explanation

    @property
    def subject(self) -> str:
        return self.fields.get("subject", "")

    @property
    def original_message_id(self) -> str | None:
        """Of the message that the mail is about; None when the mail does not say."""
        quoted = _QUOTED_MESSAGE_ID.search(self.text) or _QUOTED_MESSAGE_ID.search(self._start_of_returned)
        candidates = (
            self.returned_fields.get("message-id", ""),
            quoted[1] if quoted else "",
            self.fields.get("in-reply-to", ""),
        )
        return next((ids[0] for text in candidates if (ids := parse_message_ids(text))), None)

    @property
    def _start_of_returned(self) -> str:
        """Some servers fold the fields of what they return wrongly, which ends its head too early."""
        return (self.report.returned or b"")[:_MAX_HEAD].decode("latin-1")

    @property
    def return_paths(self) -> tuple[str, ...]:
        """Addresses that may have been the return path of the message it is about, the likeliest first."""
        reported = (status.message.get(name, "") for status in self.statuses for name in _SENDER_FIELDS)
        own = (self.fields.get(name, "") for name in _OWN_ADDRESS_FIELDS)
        texts = (*reported, self.returned_fields.get("return-path", ""), *own)
        return tuple(dict.fromkeys(address for text in texts for address in addresses_in(text)))

    @property
    def correspondents(self) -> frozenset[str]:
        """The two ends of the notice itself, and the author of the message it is about: they failed at nothing."""
        texts = [self.fields.get(name, "") for name in ("from", "sender", "to")]
        texts += [self.returned_fields.get(name, "") for name in ("from", "sender", "return-path")]
        return frozenset(address.lower() for text in texts for address in addresses_in(text))


def open_mail(raw: bytes) -> Mail:
    """Never raises, whatever the bytes."""
    report = read_report(raw)
    returned_head = split_message(report.returned.lstrip(b"\r\n"))[0] if report.returned else b""
    statuses = tuple(read_delivery_status(content) for content in report.statuses)
    return Mail(
        report, _first_fields(report.head), _first_fields(returned_head), statuses, plain_words(report.explanation)
    )


def addresses_in(text: str) -> Iterator[str]:
    """The addresses in a header field that may be malformed."""
    return (address for match in _ADDRESS.finditer(text[:4000]) if (address := read_typed_address(match[0])))


def _first_fields(head: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, field in _named(head):
        fields.setdefault(name, decode_encoded_words(field_value(field)[:4000]))
    return fields


def _named(head: bytes) -> Iterable[tuple[str, bytes]]:
    return ((name, field) for name, field in iter_fields(head) if name)
