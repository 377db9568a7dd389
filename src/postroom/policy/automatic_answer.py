"""What does Postroom answer by itself, and in which form, so that no program answers it in turn?

RFC 3834: one answer to a mail, marked as automatic, to its return path, and none to what is automatic itself.
"""

from collections.abc import Mapping
from datetime import timedelta

from postroom.errors import PostroomError
from postroom.policy.author_notice import is_told
from postroom.policy.composition import Draft
from postroom.policy.thread_headers import reply_subject
from postroom.rfc.address import Mailbox
from postroom.rfc.auto_submitted import automatic_marks, must_not_be_answered
from postroom.rfc.headers import encode_identifiers

# Nobody is told the same twice within this time (RFC 3834 §2).
APART = timedelta(days=1)
_KEPT = "It was kept, and somebody will look at it."


def may_answer(head: bytes, fields: Mapping[str, str], to: Mailbox) -> bool:
    """Whether the mail may be answered by a program. `fields`: its header's values by lower-case name."""
    return not must_not_be_answered(fields) and is_told(head, to, own_addresses=())


def make_answer(to: Mailbox, *, subject: str, message_id: str | None, text: str) -> Draft:
    """The answer to the mail with this subject and Message-ID (None: it has none)."""
    references = [("In-Reply-To", message_id), ("References", message_id)] if _is_usable(message_id) else []
    headers = (*((name, value) for name, value in references if value), *automatic_marks("auto-replied"))
    return Draft(from_=None, to=(to,), subject=reply_subject(subject), text=text, headers=headers)


def say_refused(address: str, custom: str) -> str:
    """To whom the alias's policy refuses; `custom` are the alias's own words, "" for none."""
    return custom.strip() or (
        f"Your mail to {address} was not accepted: only people who are known there may write to this address.\n\n"
        "Please write to the person whom you want to reach, or answer a mail that you got from us."
    )


def say_nobody_reads(address: str) -> str:
    """To whom writes to the catchall address and answers nothing."""
    return (
        f"Your mail came to {address}, an address that takes answers to our mail alone. {_KEPT}\n\n"
        "To reach somebody sooner, answer a mail that you got from us, or write to the person directly."
    )


def _is_usable(message_id: str | None) -> bool:
    try:
        encode_identifiers("In-Reply-To", [message_id or ""])
    except PostroomError:
        return False
    return True
