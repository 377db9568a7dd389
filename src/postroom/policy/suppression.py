"""Is an address so often out of reach that mail to it does more harm than good?

Refusals harm a sender's reputation, but a healthy address that is suppressed is mail lost. So only what a server says
about the recipient counts, once a day; it loses weight with time; mass mail stops early, transactional mail only when
the address is dead beyond doubt; and every suppression that came by itself ends by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from postroom.policy.causes import DOMAIN_UNKNOWN, MAILBOX_DISABLED, MAILBOX_FULL, RECIPIENT_UNKNOWN, ROUTING_LOOP

# As forums and lists count, and with their sum of four for two hard faults, less what the first loses in twelve days.
HARD_WEIGHT = 2.0
SOFT_WEIGHT = 1.0
MASS_THRESHOLD = 3.5
DEAD_THRESHOLD = 5.0  # three hard faults within three weeks
HALF_LIFE = timedelta(days=30)
# A campaign sent in parts, or a retry by hand, is one sign and not many.
APART = timedelta(days=1)

_HARD_CAUSES = {cause.id for cause in (RECIPIENT_UNKNOWN, DOMAIN_UNKNOWN, MAILBOX_DISABLED)}
_SOFT_CAUSES = {cause.id for cause in (MAILBOX_FULL, ROUTING_LOOP)}


class Scope(StrEnum):
    """Which mail an address is not sent."""

    ALL = "all"
    MASS = "mass"


# A mailbox that is only full may be emptied; people come back to a company, too.
LIFETIMES = {Scope.MASS: timedelta(days=90), Scope.ALL: timedelta(days=180)}


class Fault(StrEnum):
    """How much a failure says about the recipient."""

    HARD = "hard"  # no such mailbox
    SOFT = "soft"  # it exists and takes no mail


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known against an address at `counted_at`: the weight of all faults, and of the hard ones alone."""

    score: float
    hard_score: float
    counted_at: datetime


def fault_of(cause: str) -> Fault | None:
    """What a delivery that failed for good by this cause (`policy.causes`) says; None: nothing about the recipient."""
    if cause in _HARD_CAUSES:
        return Fault.HARD
    return Fault.SOFT if cause in _SOFT_CAUSES else None


def count_fault(before: Standing | None, fault: Fault, *, at: datetime) -> Standing:
    """The standing after one more fault; the same when one of the last day was counted."""
    if before is None:
        before = Standing(0, 0, at)
    elif at - before.counted_at < APART:
        return before
    rest = _rest(before, at)
    hard = HARD_WEIGHT if fault is Fault.HARD else 0
    return Standing(before.score * rest + (hard or SOFT_WEIGHT), before.hard_score * rest + hard, at)


def score_at(standing: Standing, at: datetime) -> float:
    """What is left by then of the score, which halves in HALF_LIFE."""
    return standing.score * _rest(standing, at)


def forgive_fault(before: Standing, fault: Fault, *, at: datetime) -> Standing:
    """The standing without a fault that was counted at `at` and turned out to be none."""
    rest = 0.5 ** (max(before.counted_at - at, timedelta()) / HALF_LIFE)
    hard = HARD_WEIGHT if fault is Fault.HARD else 0
    score, hard_score = before.score - (hard or SOFT_WEIGHT) * rest, before.hard_score - hard * rest
    return Standing(max(score, 0.0), max(hard_score, 0.0), before.counted_at)


def scope_of(standing: Standing) -> Scope | None:
    """Which mail should stop, at the moment of the last fault; None: none yet."""
    if standing.hard_score >= DEAD_THRESHOLD:
        return Scope.ALL
    return Scope.MASS if standing.score >= MASS_THRESHOLD else None


def _rest(standing: Standing, at: datetime) -> float:
    return float(0.5 ** ((at - standing.counted_at) / HALF_LIFE))
