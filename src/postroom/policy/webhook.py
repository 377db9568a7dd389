"""What are programs told by webhook, how often is it tried, and when is a receiver given up?"""

from datetime import timedelta
from enum import StrEnum

FIRST_DELAY_S = 5.0
LONGEST_DELAY_S = 3600.0
# How long an event is tried, and how long a receiver may fail without a break.
LIFETIME = timedelta(days=3)
WORTH_TELLING = timedelta(hours=1)  # a receiver that fails so long is a person's business
# One event that a receiver cannot digest must not stop the others: only several failures in a row do.
FAULTS_TO_REST = 3
GONE = 410  # the receiver wants no more (RFC 9110 §15.5.11)


class Event(StrEnum):
    """What happened: noun.past_participle; what a webhook may be subscribed to."""

    MESSAGE_SENT = "message.sent"
    MESSAGE_DEFERRED = "message.deferred"
    MESSAGE_BOUNCED = "message.bounced"
    MESSAGE_EXPIRED = "message.expired"
    MESSAGE_HELD = "message.held"
    MESSAGE_UNKNOWN = "message.unknown"
    MESSAGE_SUPPRESSED = "message.suppressed"
    MESSAGE_OPENED = "message.opened"
    ALERT_RAISED = "alert.raised"
    THREAD_CREATED = "thread.created"
    THREAD_REPLIED = "thread.replied"
    THREAD_BOUNCED = "thread.bounced"


def is_delivered(status: int | None) -> bool:
    """Whether an HTTP status (None: there was no answer) says that the receiver has the event; a redirect does not."""
    return status is not None and 200 <= status < 300


def next_delay(failures: int, *, jitter: float) -> float:
    """Seconds to wait after so many failures in a row (at least 1); `jitter` is a random number in [0, 1)."""
    return min(FIRST_DELAY_S * (1 << 2 * min(failures - 1, 10)), LONGEST_DELAY_S) * (0.8 + 0.4 * jitter)
