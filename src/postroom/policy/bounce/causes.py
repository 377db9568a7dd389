"""Which of the causes that deliveries fail by does a bounce name?

A refusal during the SMTP dialog and one that comes back hours later as a report mean the same, and must count the same.
"""

from postroom.policy.bounce.reason import Reason
from postroom.policy.causes import (
    ADDRESS_BLOCKED,
    DOMAIN_UNKNOWN,
    MAILBOX_DISABLED,
    MAILBOX_FULL,
    MESSAGE_REFUSED,
    RECIPIENT_REFUSED,
    RECIPIENT_UNKNOWN,
    RELAY_DENIED,
    SENDER_REFUSED,
    TOO_LARGE,
    UNAUTHENTICATED,
)

_CAUSES = {
    Reason.USER_UNKNOWN: RECIPIENT_UNKNOWN,
    Reason.HAS_MOVED: RECIPIENT_UNKNOWN,
    Reason.HOST_UNKNOWN: DOMAIN_UNKNOWN,
    Reason.NOT_ACCEPT: DOMAIN_UNKNOWN,
    Reason.SUSPEND: MAILBOX_DISABLED,
    Reason.MAILBOX_FULL: MAILBOX_FULL,
    Reason.FILTERED: RECIPIENT_REFUSED,
    Reason.REJECTED: SENDER_REFUSED,
    Reason.BLOCKED: ADDRESS_BLOCKED,
    Reason.BAD_REPUTATION: ADDRESS_BLOCKED,
    Reason.AUTH_FAILURE: UNAUTHENTICATED,
    Reason.SPAM_DETECTED: MESSAGE_REFUSED,
    Reason.VIRUS_DETECTED: MESSAGE_REFUSED,
    Reason.CONTENT_ERROR: MESSAGE_REFUSED,
    Reason.MESSAGE_TOO_BIG: TOO_LARGE,
    Reason.NO_RELAYING: RELAY_DENIED,
}


def cause_id_of(reason: Reason | None) -> str:
    """The id of a `policy.causes.Cause`, or the reason's own word where there is none; "" for no reason."""
    cause = _CAUSES.get(reason) if reason else None
    return cause.id if cause else (reason or "")
