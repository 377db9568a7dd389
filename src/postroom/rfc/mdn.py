"""What became of the message that a disposition notification tells of?

RFC 8098: the fields of message/disposition-notification.
"""

from dataclasses import dataclass

from postroom.rfc.dsn import iter_report_fields, read_typed_address
from postroom.rfc.message_id import parse_message_ids


@dataclass(frozen=True, slots=True)
class Disposition:
    """`disposition` is displayed, deleted, dispatched, processed …, "" when missing (§3.2.6).

    `recipient` is the original recipient or else the final one, None when neither is an address.
    """

    disposition: str
    recipient: str | None
    original_message_id: str | None


def read_disposition(content: bytes) -> Disposition:
    """The content of message/disposition-notification."""
    values = dict(reversed(list(iter_report_fields(content))))
    recipients = (read_typed_address(values.get(name, "")) for name in ("original-recipient", "final-recipient"))
    kind = values.get("disposition", "").rpartition(";")[2].partition("/")[0].strip().lower()
    return Disposition(
        disposition=kind,
        recipient=next((address for address in recipients if address), None),
        original_message_id=next(iter(parse_message_ids(values.get("original-message-id", ""))), None),
    )
