"""In which states a delivery can be, and which steps lead from one to the next: the only table of it."""

from enum import StrEnum


class Status(StrEnum):
    """The state of one message on its way to one recipient."""

    QUEUED = "queued"  # waits for its turn
    ACTIVE = "active"  # claimed by a worker
    DEFERRED = "deferred"  # refused for now; has a next attempt
    HELD = "held"  # waits for a person
    SENT = "sent"  # a server took it: an SMTP reply says so, nothing else does
    BOUNCED = "bounced"  # refused for good, by a server or because its address is suppressed
    EXPIRED = "expired"  # refused for now, too often
    CANCELED = "canceled"  # taken back by a person, or mass mail for a suppressed address
    UNKNOWN = "unknown"  # the connection or the worker broke after the message was handed over: it may have arrived


WAITING = frozenset({Status.QUEUED, Status.DEFERRED})
FAILED = frozenset({Status.BOUNCED, Status.EXPIRED})
FINAL = frozenset({Status.SENT, Status.BOUNCED, Status.EXPIRED, Status.CANCELED})
# Nothing more happens to it unless a person wants it; unknown mail of a workspace that resends it is not so for long.
NEEDS_A_PERSON = frozenset({Status.BOUNCED, Status.EXPIRED, Status.UNKNOWN, Status.HELD})

STEPS: dict[Status, frozenset[Status]] = {
    # Sent, deferred: a late answer to what was to be sent again, its outcome being unknown; so it is with what is held.
    Status.QUEUED: frozenset(
        {Status.SENT, Status.DEFERRED, Status.ACTIVE, Status.HELD, Status.CANCELED, Status.EXPIRED, Status.BOUNCED}
    ),
    Status.DEFERRED: frozenset(
        {Status.ACTIVE, Status.QUEUED, Status.HELD, Status.CANCELED, Status.EXPIRED, Status.BOUNCED}
    ),
    # Held, queued: given back by a worker that did not begin.
    Status.ACTIVE: frozenset(
        {
            *(Status.SENT, Status.BOUNCED, Status.DEFERRED, Status.UNKNOWN, Status.QUEUED, Status.HELD, Status.EXPIRED),
            Status.CANCELED,  # its address was suppressed while it waited
        }
    ),
    Status.HELD: frozenset(
        {Status.QUEUED, Status.CANCELED, Status.EXPIRED, Status.SENT, Status.DEFERRED, Status.BOUNCED}
    ),
    # Known to be delivered, by a later report or a person's word; or sent again on purpose.
    Status.UNKNOWN: frozenset({Status.QUEUED, Status.HELD, Status.SENT, Status.BOUNCED, Status.CANCELED}),
    Status.SENT: frozenset({Status.BOUNCED}),  # a delivery report that comes back later
    # Tried again on purpose; or as it was, once a person has seen that the report was none.
    Status.BOUNCED: frozenset({Status.QUEUED, Status.SENT, Status.UNKNOWN}),
    Status.EXPIRED: frozenset({Status.QUEUED}),
    Status.CANCELED: frozenset({Status.QUEUED}),
}

# Worst first: a message is as good as the delivery that a person must look at first.
_ATTENTION = (
    Status.BOUNCED,
    Status.UNKNOWN,
    Status.EXPIRED,
    Status.HELD,
    Status.DEFERRED,
    Status.ACTIVE,
    Status.QUEUED,
    Status.CANCELED,
    Status.SENT,
)


def leading_to(after: Status) -> frozenset[Status]:
    """The states from which `after` can be reached in one step."""
    return frozenset(before for before, steps in STEPS.items() if after in steps)


def of_message(deliveries: set[Status]) -> Status:
    """The one state shown for a message with deliveries in these states (at least one)."""
    return next(status for status in _ATTENTION if status in deliveries)
