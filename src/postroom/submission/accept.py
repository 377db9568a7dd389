"""How does a mail that came by SMTP enter the queue: whose is it, what does it ask for, may it be sent?

All of it blocks: see `conversation` for who calls it from the event loop.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from postroom.errors import ContentError
from postroom.outbound.idempotency import once
from postroom.outbound.submit import Submission, submit
from postroom.rfc.address import parse_mailbox
from postroom.rfc.submitted import SubmittedMessage, read_submitted
from postroom.smtp.reception import ReceivedMail
from postroom.submission.directions import read_directions, remove_directions
from postroom.workspaces.access import company_of
from postroom.workspaces.keys import RevokedKeyError, act_for, digest_of, remembered_key, require_current
from postroom.workspaces.models import ApiKey

# RFC 5322 §2.1.1: 998 characters and CRLF. Servers cut longer lines in two, which breaks the DKIM signature.
_LONG_LINE = re.compile(rb"\n[^\n]{1000}")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key opened a connection."""

    key_digest: bytes
    workspace: str


def find_account(key: str) -> Account | None:
    """None when it is no valid API key; one that was valid a moment ago is refused when it hands something in."""
    digest = digest_of(key)
    found = remembered_key(digest)
    return Account(digest, found.workspace.slug) if found else None


def accept(account: Account, mail: ReceivedMail) -> UUID:
    """Queue the mail for its envelope's recipients; it is committed under this id. A PostroomError: nothing was stored.

    Where the workspace drops repeats, it may be the id of a message that came before under the same Message-ID. Of the
    envelope's sender only the null path is kept: otherwise routing decides the return path.
    """
    # As it is now: a connection may outlive its key, and routing reads the workspace's settings.
    key = remembered_key(account.key_digest)
    if key is None:
        raise RevokedKeyError
    message = read_submitted(mail.content)
    _check_lines(message)
    return act_for(key, lambda key: _queue(key, mail, message))


def _queue(key: ApiKey, mail: ReceivedMail, message: SubmittedMessage) -> UUID:
    directions = read_directions(message.head)
    submission = Submission(
        content=replace(message, head=remove_directions(message.head)),
        company=company_of(key.workspace, directions.company),
        source="smtp",
        key=key,
        recipients=tuple(map(parse_mailbox, mail.recipients)),
        stream=directions.stream,
        campaign=directions.campaign,
        priority=directions.priority,
        tags=directions.tags,
        is_automatic=not mail.mail_from,  # RFC 5321 §4.5.5: a report or an answer, whose own failure nobody may hear of
    )

    def queue() -> str:
        return str(submit([submission])[0].id)

    if not (key.workspace.drops_repeats and message.message_id):
        return UUID(queue())
    fingerprint = _fingerprint(bytes(key.digest), message.message_id, mail.recipients)
    answer, is_repeat = once(key.workspace, f"smtp {fingerprint.hex()}", request_hash=fingerprint, act=queue)
    if is_repeat:  # otherwise storing it has found out
        require_current(key)
    return UUID(answer)


def _fingerprint(key_digest: bytes, message_id: str, recipients: Iterable[str]) -> bytes:
    """What makes two mails one: not the content, to which a client may have added a new Date."""
    parts = [key_digest.hex(), message_id, *sorted(set(recipients))]
    return hashlib.sha256("\n".join(parts).encode()).digest()


def _check_lines(message: SubmittedMessage) -> None:
    for part, name in ((message.head, "header"), (message.body, "body")):
        if b"\0" in part:
            raise ContentError(f"The message has a NUL octet in its {name}; send binary content as base64.")
        if long_line := _LONG_LINE.search(b"\n" + part):
            number = part.count(b"\n", 0, long_line.start()) + 1
            raise ContentError(
                f"Line {number} of the message's {name} has more than the 998 characters that mail allows; "
                "send it as quoted-printable or base64."
            )
