"""How many messages may leave through a server now, and when the next? From limits and what was spent of them."""

from collections.abc import Sequence
from dataclasses import dataclass

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0
# Of each limit, what mass mail leaves for transactional mail: an invoice never waits for a newsletter's window to open.
MASS_SHARE = 0.8
# A lesson is unlearned in steps: a provider's window is rarely shorter than ten minutes, and a server that has
# complained once is asked again with care.
STEP_S = 600.0
GROWTH = 1.5
STEPS_TO_FORGET = 8
MAX_FORECAST_STEPS = 500


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many messages in any `seconds` on end."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Spent:
    """Messages that were let go `age_s` seconds ago; negative counts are given back."""

    age_s: float
    messages: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many may leave now; when none, `wait_s` seconds until some may."""

    messages: int
    wait_s: float = 0.0


def allowance(limits: Sequence[Limit], spent: Sequence[Spent], *, wanted: int, share: float = 1.0) -> Allowance:
    """Up to `wanted` messages, within `share` of every limit, of which at least one message is left."""
    found = [_within(limit, spent, max(1, int(limit.messages * share))) for limit in limits]
    messages = min((one.messages for one in found), default=wanted)
    if messages > 0:
        return Allowance(min(messages, wanted))
    return Allowance(0, max(one.wait_s for one in found))


def _within(limit: Limit, spent: Sequence[Spent], most: int) -> Allowance:
    inside = [entry for entry in spent if entry.age_s < limit.seconds]
    over = sum(entry.messages for entry in inside) - most
    if over < 0:
        return Allowance(-over)
    for entry in sorted(inside, key=lambda entry: -entry.age_s):
        over -= entry.messages
        if over < 0:
            return Allowance(0, limit.seconds - entry.age_s)
    return Allowance(0, limit.seconds)


def longest(limits: Sequence[Limit]) -> float:
    """Seconds of the past that matter."""
    return max((limit.seconds for limit in limits), default=0.0)


def forecast(limits: Sequence[Limit], spent: Sequence[Spent], *, waiting: int, share: float = 1.0) -> float:
    """Seconds until the last of `waiting` messages may leave; by the pace so far where that is very long."""
    at_s, left = 0.0, waiting
    entries = list(spent)
    for _ in range(MAX_FORECAST_STEPS):
        allowed = allowance(limits, entries, wanted=left, share=share)
        if allowed.messages >= left:
            return at_s
        left -= allowed.messages
        entries.append(Spent(0.0, allowed.messages))
        wait_s = allowed.wait_s or allowance(limits, entries, wanted=left, share=share).wait_s
        at_s += wait_s
        entries = [Spent(entry.age_s + wait_s, entry.messages) for entry in entries]
    return at_s * waiting / max(waiting - left, 1)


def slowed(per_minute: float) -> int:
    """The pace to go on with, messages a minute, after a server found `per_minute` too fast."""
    return max(1, int(per_minute / 2))


def recovered(learned: int, age_s: float) -> int | None:
    """What a limit that was learned `age_s` seconds ago has become; None: forgotten."""
    steps = int(age_s / STEP_S)
    return None if steps >= STEPS_TO_FORGET else int(learned * GROWTH**steps)
