"""Is this mail one of a loop: do two programs answer each other?

Mail that says of itself that it is automatic is answered by nobody (rfc.auto_submitted); this is for the rest, which
does not say so. Past the budget a thread is paused and a person told: to answer the loop would feed it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

DEFAULT_MINUTES = 120
DEFAULT_THRESHOLD = 20
# The same words from the same sender as often as that are no conversation.
MOST_ECHOES = 3


class Verdict(StrEnum):
    """Whether mail may go on."""

    GO_ON = "go_on"
    SENDER_OVER_BUDGET = "sender_over_budget"
    THREAD_OVER_BUDGET = "thread_over_budget"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class Budget:
    """`threshold` mails within `window` are a loop."""

    window: timedelta
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What came in within the window, the mail in question included.

    `of_thread` 0: it is in no thread yet. `repeats`: how often its sender wrote the same words. `returns`: how often we
    had just written these words ourselves.
    """

    of_sender: int
    of_thread: int = 0
    repeats: int = 0
    returns: int = 0


def read_budget(minutes: str | None, threshold: str | None) -> Budget:
    """Of mail.gateway.loop.minutes and mail.gateway.loop.threshold; what is no positive number counts as unset."""
    return Budget(
        timedelta(minutes=_positive(minutes, DEFAULT_MINUTES)),
        _positive(threshold, DEFAULT_THRESHOLD),
    )


def judge(arrivals: Arrivals, budget: Budget) -> Verdict:
    """Whether the mail may still be answered and told of by mail."""
    if arrivals.returns or arrivals.repeats > MOST_ECHOES:
        return Verdict.ECHO
    if arrivals.of_thread > budget.threshold:
        return Verdict.THREAD_OVER_BUDGET
    if arrivals.of_sender > budget.threshold:
        return Verdict.SENDER_OVER_BUDGET
    return Verdict.GO_ON


def explain(verdict: Verdict, arrivals: Arrivals, budget: Budget) -> str:
    """What happened, as a sentence."""
    minutes = round(budget.window / timedelta(minutes=1))
    if verdict is Verdict.ECHO:
        return "The same words came back again: two programs seem to answer each other."
    if verdict is Verdict.THREAD_OVER_BUDGET:
        return f"{arrivals.of_thread} mails came to this thread within {minutes} minutes: this looks like a loop."
    if verdict is Verdict.SENDER_OVER_BUDGET:
        return f"{arrivals.of_sender} mails came from this sender within {minutes} minutes: this looks like a loop."
    return "Nothing looks like a loop."


def _positive(text: str | None, default: int) -> int:
    number = (text or "").strip()
    return int(number) if number.isascii() and number.isdigit() and int(number) > 0 else default
