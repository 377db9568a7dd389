"""What did a mail client hand in, and what must a submission server change before it is sent on (RFC 6409 §8)?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from postroom.errors import AddressError, MissingFromError, RepeatedFromError
from postroom.rfc.address import Mailbox, parse_mailbox, parse_mailboxes
from postroom.rfc.headers import (
    encode_date,
    encode_identifiers,
    field_value,
    get_field,
    iter_fields,
    normalise_line_ends,
    set_field,
    split_message,
)
from postroom.rfc.message_id import parse_message_ids

# Never sent on: Bcc names those whom the others must not see (RFC 5322 §3.6.3); a Return-Path is the last server's to
# write (RFC 5321 §4.4).
_WITHHELD = frozenset({"bcc", "resent-bcc", "return-path"})
_Fields = Sequence[tuple[str, bytes]]  # as of `iter_fields`


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedMessage:
    """A client's message: the bytes to send on, and who it names.

    `head` lacks the fields that are withheld, `bcc` among them; it may lack Message-ID and Date: `complete_head`. `to`,
    `cc` and `bcc` are what the fields say and may be empty: whom the message goes to, the envelope says.
    """

    head: bytes
    body: bytes
    from_: tuple[Mailbox, ...]  # at least one; several only with a sender
    sender: Mailbox | None
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    subject: str
    message_id: str | None


def read_submitted(raw: bytes) -> SubmittedMessage:
    """The message that a client sent after DATA; every byte is kept but line ends and the withheld fields.

    Raises MissingFromError, RepeatedFromError (RFC 5322 §3.6.2), or AddressError for a From or Sender that cannot be
    read; other address fields that cannot be read count as empty.
    """
    # However long the head is: a Bcc beyond a limit would be sent on as text.
    head, body = split_message(normalise_line_ends(raw), max_head_bytes=len(raw) * 2)
    fields = list(iter_fields(head))
    from_, sender = _read_authors(fields)
    return SubmittedMessage(
        head=b"".join(field for name, field in fields if name not in _WITHHELD),
        body=body,
        from_=from_,
        sender=sender,
        to=_read_recipients(fields, "to"),
        cc=_read_recipients(fields, "cc"),
        bcc=_read_recipients(fields, "bcc"),
        subject=get_field(b"".join(field for name, field in fields if name == "subject"), "Subject") or "",
        message_id=next(iter(parse_message_ids(" ".join(_values(fields, "message-id")))), None),
    )


def complete_head(head: bytes, *, message_id: str, date: datetime) -> bytes:
    """The head with these where it has no Message-ID or no Date, or an empty one (RFC 6409 §8.2, §8.3)."""
    if not get_field(head, "Message-ID"):
        head = set_field(head, encode_identifiers("Message-ID", [message_id]))
    if not get_field(head, "Date"):
        head = set_field(head, encode_date("Date", date))
    return head


def _read_authors(fields: _Fields) -> tuple[tuple[Mailbox, ...], Mailbox | None]:
    """The mailboxes of From, and the one of Sender."""
    authors = _values(fields, "from")
    if len(authors) > 1:
        raise RepeatedFromError(f"The message has {len(authors)} From fields; send exactly one.", field="from")
    from_ = _parse(authors[0], "from") if authors else ()
    if not from_:
        raise MissingFromError("The message has no From; give one such as From: Mary <mary@example.com>.", field="from")
    senders = _values(fields, "sender")
    if len(from_) > 1 and not senders:
        message = "The From names several authors and no Sender says who of them sends; add one or keep one author."
        raise RepeatedFromError(message, field="from")
    return from_, _parse(senders[0], "sender")[0] if senders else None


def _parse(text: str, field: str) -> tuple[Mailbox, ...]:
    try:
        return parse_mailboxes(text) if field == "from" else (parse_mailbox(text),)
    except AddressError as error:
        raise AddressError(error.message, field=field) from error


def _read_recipients(fields: _Fields, name: str) -> tuple[Mailbox, ...]:
    try:
        return tuple(mailbox for text in _values(fields, name) for mailbox in parse_mailboxes(text))
    except AddressError:
        return ()


def _values(fields: _Fields, name: str) -> list[str]:
    return [field_value(field) for found, field in fields if found == name]
