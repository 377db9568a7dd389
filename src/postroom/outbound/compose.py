"""What an author handed in, as the head and body that are stored: the first step of submit."""

import os
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings

from postroom.errors import NoRecipientsError, PostroomError
from postroom.policy.composition import Draft, draft_fields
from postroom.rfc.address import Mailbox, format_mailbox
from postroom.rfc.dkim import hash_body
from postroom.rfc.message import render_content
from postroom.rfc.message_id import make_message_id
from postroom.rfc.submitted import SubmittedMessage, complete_head


class MessageTooLargeError(PostroomError):
    """The message is larger than this installation takes; send a link instead of the attachment."""

    code = "message_too_large"


@dataclass(frozen=True, slots=True)
class Composed:
    """A message as it is stored: the author's own From in the head, no Bcc, Message-ID and Date present."""

    id: UUID
    author: Mailbox | None
    subject: str
    message_id: str
    head: bytes
    body: bytes
    body_hash: bytes
    recipients: tuple[str, ...]

    @property
    def author_text(self) -> str:
        return format_mailbox(self.author) if self.author else ""

    @property
    def size_bytes(self) -> int:
        return len(self.head) + 2 + len(self.body)


def compose(
    content: Draft | SubmittedMessage, recipients: tuple[Mailbox, ...] | None, *, domain: str, id_: UUID | None = None
) -> Composed:
    """`recipients` None: those that the content names. New identifiers are made in `domain`; `id_` None: this one, too.

    Raises NoRecipientsError, MessageTooLargeError, and the PostroomErrors of what cannot be written.
    """
    id_ = id_ or uuid7()
    message_id = content.message_id or make_message_id(str(id_), domain=domain)
    now = datetime.now(UTC)
    if isinstance(content, Draft):
        author = content.from_
        rendered = render_content(content.content, boundary=secrets.token_hex(12))
        head = b"".join(draft_fields(content, message_id=message_id, date=now)) + rendered.head
        body = rendered.body
    else:
        author = next(iter(content.from_), None)
        head, body = complete_head(content.head, message_id=message_id, date=now), content.body
    named = content.to + content.cc + content.bcc if recipients is None else recipients
    composed = Composed(id_, author, content.subject, message_id, head, body, hash_body(body), _distinct(named))
    _check(composed)
    return composed


def _check(message: Composed) -> None:
    if not message.recipients:
        raise NoRecipientsError(field="to")
    limit = settings.POSTROOM.max_message_bytes
    if message.size_bytes > limit:
        raise MessageTooLargeError(
            f"The message has {message.size_bytes:,} bytes and at most {limit:,} are taken; "
            "send a link instead of the attachment.",
            field="attachments",
        )


def _distinct(mailboxes: tuple[Mailbox, ...]) -> tuple[str, ...]:
    """Each address once, in order: nobody gets the same message twice."""
    return tuple(dict.fromkeys(mailbox.address for mailbox in mailboxes))


def uuid7() -> UUID:
    """RFC 9562 §5.7: milliseconds since 1970, then chance. Sorts by time, so indexes grow at their end."""
    milliseconds = time.time_ns() // 1_000_000
    octets = bytearray(milliseconds.to_bytes(6, "big") + os.urandom(10))
    octets[6] = 0x70 | octets[6] & 0x0F
    octets[8] = 0x80 | octets[8] & 0x3F
    return UUID(bytes=bytes(octets))
