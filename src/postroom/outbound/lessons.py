"""What do a server's answers teach about how fast, over how many connections and to which domains it may be fed?"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from postroom.outbound.outcome import Result
from postroom.policy.causes import CONNECTION_LIMIT, RECIPIENT_DEFERRED, SENDING_LIMIT
from postroom.policy.pacing import MINUTE_S, slowed

# Refusals of the same second were sent under the same pace: they teach the lesson once.
BETWEEN_LESSONS = 10.0
STREAK = 3  # deferrals of a domain in a row, with no acceptance between, that mean the domain and not the mailbox


@dataclass(slots=True)
class Lesson:
    """What to change: messages a minute, connections, or a domain to pause or resume; and the server's words."""

    words: str
    per_minute: int | None = None
    connections: int | None = None
    pause: str | None = None
    resume: str | None = None


@dataclass(slots=True)
class Pupil:
    """Watches the results of one drain."""

    _seconds: deque[list[int]] = field(default_factory=deque)  # [second, messages] of the last minute
    _learned_at: float = -BETWEEN_LESSONS
    _streaks: Counter[str] = field(default_factory=Counter)

    def watch(self, results: Sequence[Result], *, connections: int, part: float) -> list[Lesson]:
        """The lessons of `results`; all workers together have `connections`, of which this one has `part` (0 to 1)."""
        self._count(sum(result.is_sent for result in results))
        lessons = [lesson for result in results if (lesson := self._about_domain(result))]
        complaint = next((r for r in results if r.cause in (SENDING_LIMIT.id, CONNECTION_LIMIT.id)), None)
        if complaint is not None and monotonic() - self._learned_at >= BETWEEN_LESSONS:
            self._learned_at = monotonic()
            lessons.append(self._about_pace(complaint, connections, part))
        return lessons

    def _about_pace(self, complaint: Result, connections: int, part: float) -> Lesson:
        if complaint.cause == CONNECTION_LIMIT.id:
            return Lesson(complaint.reply_text, connections=max(1, connections - 1))
        sent = sum(messages for _, messages in self._seconds)
        return Lesson(complaint.reply_text, per_minute=slowed(sent / part))

    def _about_domain(self, result: Result) -> Lesson | None:
        if result.is_sent:
            was_unwell = self._streaks.pop(result.domain, 0) >= STREAK
            return Lesson("", resume=result.domain) if was_unwell else None
        if result.cause != RECIPIENT_DEFERRED.id or not result.is_deferred:
            return None
        self._streaks[result.domain] += 1
        is_pattern = self._streaks[result.domain] >= STREAK
        return Lesson(result.reason, pause=result.domain) if is_pattern else None

    def _count(self, messages: int) -> None:
        second = int(monotonic())
        while self._seconds and self._seconds[0][0] <= second - MINUTE_S:
            self._seconds.popleft()
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1][1] += messages
        elif messages:
            self._seconds.append([second, messages])
