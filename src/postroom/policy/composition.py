"""Which message does this JSON describe, and which header fields and content is it made of?

What the HTTP API and the command line share: a draft says what to send; the From that routing chooses, the Message-ID,
the time and the boundary come later, from whoever sends it.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from postroom.errors import (
    AddressError,
    Base64FaultError,
    HeaderError,
    MissingFieldError,
    NoRecipientsError,
    UnknownFieldError,
    WrongTypeError,
)
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailbox, parse_mailboxes
from postroom.rfc.headers import encode_date, encode_identifiers, encode_mailboxes, encode_text
from postroom.rfc.message import Attachment, Content
from postroom.rfc.message_id import parse_message_ids

_ADDRESS_FIELDS = ("to", "cc", "bcc", "reply_to")
DRAFT_FIELDS = ("from", *_ADDRESS_FIELDS, "subject", "html", "text", "attachments", "headers")
_ATTACHMENT_FIELDS = ("filename", "content", "content_type", "content_id")
_ADDRESS_OBJECT_FIELDS = ("name", "email")

# Fields that the draft's own members, the MIME writer, the signer or the servers on the way write.
_RESERVED = re.compile(
    r"from|to|cc|bcc|reply-to|subject|date|message-id|sender|return-path|received|dkim-signature|mime-.*|content-.*",
    re.IGNORECASE,
)
_IDENTIFIER_FIELDS = ("in-reply-to", "references")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message as its author wants it; without a `from_` the system itself speaks."""

    from_: Mailbox | None
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    html: str | None = None
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    message_id: str | None = None
    """Of its maker's choice, where several messages say the same to several people; None: one is made."""

    @property
    def content(self) -> Content:
        """What the body is rendered from."""
        return Content(self.text, self.html, self.attachments)


def read_draft(value: object) -> Draft:
    """The draft in a JSON object with some of DRAFT_FIELDS; null is as good as absent.

    Addresses are strings, objects `{"name"?, "email"}`, or lists of those; attachments carry base64. Raises DraftError
    (its sub-classes say what is wrong), AddressError or HeaderError, each with the path of the field.
    """
    members = _read_object(value, DRAFT_FIELDS, path="")
    to, cc, bcc, reply_to = (read_addresses(members.get(name), name) for name in _ADDRESS_FIELDS)
    if not (to or cc or bcc):
        raise NoRecipientsError(field="to")
    return Draft(
        from_=read_from(members.get("from")),
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=reply_to,
        subject=_read_text(members, "subject") or "",
        html=_read_text(members, "html"),
        text=_read_text(members, "text"),
        attachments=tuple(read_attachments(members.get("attachments"))),
        headers=tuple(_read_headers(members.get("headers"))),
    )


def read_from(value: object) -> Mailbox | None:
    """The author that the member `from` of a draft names; None for null or an empty one."""
    mailboxes = read_addresses(value, "from")
    if len(mailboxes) > 1:
        raise AddressError(f"The from names {len(mailboxes)} authors; give one.", field="from")
    return mailboxes[0] if mailboxes else None


def draft_fields(draft: Draft, *, message_id: str, date: datetime) -> list[bytes]:
    """The header fields, without the MIME fields and without Bcc; no From where the draft has none.

    `date` must be aware. Raises HeaderError for a line break or another control character in any of them.
    """
    addresses = [
        ("From", (draft.from_,) if draft.from_ else ()),
        ("Reply-To", draft.reply_to),
        ("To", draft.to),
        ("Cc", draft.cc),
    ]
    return [
        *(encode_mailboxes(name, mailboxes) for name, mailboxes in addresses if mailboxes),
        encode_text("Subject", draft.subject),
        encode_date("Date", date),
        encode_identifiers("Message-ID", [message_id]),
        *(_encode_header(name, value) for name, value in draft.headers),
    ]


def read_addresses(value: object, path: str) -> tuple[Mailbox, ...]:
    """The mailboxes in null, one address or a list in one string, an object, or a list of these.

    AddressError and WrongTypeError begin their field with `path`.
    """
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(box for index, item in enumerate(value) for box in _read_address(item, f"{path}[{index}]"))
    return _read_address(value, path)


def read_attachments(value: object) -> Iterable[Attachment]:
    """From null or a list of objects with content in base64; DraftErrors name the path."""
    if value is not None and not isinstance(value, list):
        raise _wrong_type("attachments", "a list", value)
    return [_read_attachment(item, f"attachments[{index}]") for index, item in enumerate(value or [])]


def _encode_header(name: str, value: str) -> bytes:
    if _RESERVED.fullmatch(name):
        message = f"The header {name} is written by Postroom; use the message's own fields instead."
        raise HeaderError(message, field=f"headers.{name}")
    if name.lower() in _IDENTIFIER_FIELDS:
        return encode_identifiers(name, parse_message_ids(value))
    return encode_text(name, value)


def _read_headers(value: object) -> Iterable[tuple[str, str]]:
    """Each is written once here, so that what cannot be is refused before anything is stored."""
    for name, text in _read_mapping({} if value is None else value, path="headers").items():
        if not isinstance(text, str):
            raise _wrong_type(f"headers.{name}", "a text", text)
        _encode_header(name, text)
        yield name, text


def _read_address(value: object, path: str) -> tuple[Mailbox, ...]:
    try:
        if isinstance(value, str):
            return parse_mailboxes(value)
        if isinstance(value, Mapping):
            return (_read_address_object(value, path),)
    except AddressError as error:
        raise AddressError(error.message, field=path) from error
    raise _wrong_type(path, "an address", value)


def _read_address_object(value: object, path: str) -> Mailbox:
    members = _read_object(value, _ADDRESS_OBJECT_FIELDS, path=path)
    plain = parse_mailbox(_read_text(members, "email", path=path) or "")
    mailbox = Mailbox(_read_text(members, "name", path=path) or plain.name, plain.local, plain.domain)
    format_mailbox(mailbox)  # refuses a line break in the name
    return mailbox


def _read_attachment(value: object, path: str) -> Attachment:
    members = _read_object(value, _ATTACHMENT_FIELDS, path=path)
    filename, encoded = (_read_text(members, name, path=path) for name in ("filename", "content"))
    if filename is None or encoded is None:
        raise MissingFieldError(f"{path} needs a filename and a content in base64.", field=path)
    try:
        content = b64decode("".join(encoded.split()), validate=True)
    except (Base64Error, ValueError) as error:
        raise Base64FaultError(
            f"{path}.content is not base64 (RFC 4648 §4); encode the bytes of the file so.", field=f"{path}.content"
        ) from error
    content_type = _read_text(members, "content_type", path=path) or "application/octet-stream"
    return Attachment(filename, content, content_type, _read_text(members, "content_id", path=path))


def _read_object(value: object, known: tuple[str, ...], *, path: str) -> Mapping[str, object]:
    members = _read_mapping(value, path=path)
    for name in members:
        if name not in known:
            field = f"{path}.{name}" if path else name
            raise UnknownFieldError(f"There is no field {field!a}; the fields are {', '.join(known)}.", field=field)
    return members


def _read_mapping(value: object, *, path: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _wrong_type(path, "an object", value)
    return value


def _read_text(members: Mapping[str, object], name: str, *, path: str = "") -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong_type(f"{path}.{name}" if path else name, "a text", value)
    return value


def _wrong_type(path: str, expected: str, value: object) -> WrongTypeError:
    return WrongTypeError(
        f"{path or 'The message'} must be {expected}, not {type(value).__name__}.", field=path or None
    )
