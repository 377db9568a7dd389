"""How does a message reach more recipients than its server takes at a time (RFC 5321 §4.5.3.1.10, RFC 9422)?"""

from collections import deque
from itertools import chain, islice

from postroom.policy.causes import TOO_MANY_RECIPIENTS, find_cause
from postroom.rfc.reply import Reply
from postroom.rfc.session import Phase
from postroom.smtp.envelope import Envelope
from postroom.smtp.outcome import Outcome, Result


class Portions:
    """An envelope, one transaction's share after the other: `take` the next, `note` what became of it, until None.

    `limit` is how many recipients a transaction may name, 0 when unknown; learned when the server takes some and says
    of others that they are too many.
    """

    __slots__ = ("_envelope", "_named", "_results", "_transcripts", "_waiting", "limit")

    def __init__(self, envelope: Envelope, *, limit: int) -> None:
        self.limit = limit
        self._envelope = envelope
        self._waiting = deque(range(len(envelope.recipients)))
        self._named: list[int] = []
        self._results: dict[int, Result] = {}
        self._transcripts: list[tuple[bytes | Reply | str, ...]] = []

    def take(self) -> Envelope | None:
        """The envelope of the next transaction; None when every recipient has been named."""
        self._named = list(islice(self._waiting, self.limit or None))
        return self._envelope.only(self._named) if self._named else None

    def note(self, outcome: Outcome, *, goes_on: bool) -> None:
        """What became of the last portion; `goes_on` says that the connection can carry another one."""
        for index, result in zip(self._named, outcome.results, strict=True):
            self._waiting.popleft()
            self._results[index] = result
        self._transcripts.append(outcome.transcript)
        taken = sum(result.is_accepted for result in outcome.results)
        # Where nobody was taken, the refusal is no matter of a transaction's size: it is the answer.
        if taken and goes_on and (left := [index for index in self._named if _is_one_too_many(self._results[index])]):
            self.limit = taken
            self._waiting.extendleft(reversed(left))

    @property
    def outcome(self) -> Outcome:
        results = tuple(self._results[index] for index in range(len(self._envelope.recipients)))
        return Outcome(results, tuple(chain.from_iterable(self._transcripts)))


def _is_one_too_many(result: Result) -> bool:
    if result.phase is not Phase.RCPT or not isinstance(result.answer, Reply):
        return False
    return find_cause(result.answer, Phase.RCPT) is TOO_MANY_RECIPIENTS
