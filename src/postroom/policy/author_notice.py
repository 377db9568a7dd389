"""Should the author of a message be told that it did not arrive?

Never the author of an automatic message: two programs would write to each other for ever (RFC 3834 §2).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from postroom.rfc.address import Mailbox
from postroom.rfc.headers import get_field

_BULK = {"bulk", "list", "junk"}
# Local parts behind which nobody reads.
_UNREAD = {"mailer-daemon", "no-reply", "noreply", "do-not-reply", "donotreply", "bounce", "bounces", "null", "nobody"}


def is_told(head: bytes, author: Mailbox, *, own_addresses: Collection[str]) -> bool:
    """Whether a report may go to `author`, by the header of the message that failed.

    `own_addresses` are those that the system itself speaks as or takes bounces at, as addr-specs in small letters.
    """
    automatic = (get_field(head, "Auto-Submitted") or "no").partition(";")[0].strip().lower()
    precedence = (get_field(head, "Precedence") or "").strip().lower()
    is_list = get_field(head, "List-Id") is not None
    if automatic != "no" or precedence in _BULK or is_list:
        return False
    return author.local.lower() not in _UNREAD and author.address.lower() not in own_addresses


@dataclass(frozen=True, slots=True)
class Failure:
    """A delivery that came to nothing; `reply` is the server's last words, "" when it said none."""

    recipient: str
    has_expired: bool
    reason: str
    reply: str
    tried_for: timedelta


def explain(subject: str, failures: Collection[Failure], tell: Callable[[str], str] = str) -> str:
    """The report as its reader is told it; `tell` puts each sentence into another language."""
    named = f"Your message “{subject}” did not reach everybody it was sent to."
    lines = [tell(named if subject else "Your message without a subject did not reach everybody it was sent to."), ""]
    for failure in failures:
        lines += [failure.recipient, f"    {tell(_say(failure))}"]
        lines += [f"    {tell(f'The server said: {failure.reply}')}"] if failure.reply else []
        lines.append("")
    last = tell("It is not tried again. You need not answer this message: nobody reads the answer.")
    return "\n".join([*lines, last])


def _say(failure: Failure) -> str:
    reason = failure.reason or "The server refused it."
    if not failure.has_expired:
        return reason
    hours = round(failure.tried_for / timedelta(hours=1))
    if hours >= 48:
        return f"It could not be delivered within {hours // 24} days. {reason}"
    return f"It could not be delivered within {hours} hours. {reason}"
