"""What became of one message for each of its recipients, in the server's own words?"""

from dataclasses import dataclass

from postroom.rfc.reply import Reply
from postroom.rfc.session import Lost, Phase, Unsupported
from postroom.smtp.dialog import render_transcript

Answer = Reply | Lost | Unsupported


@dataclass(frozen=True, slots=True)
class Result:
    """What one recipient's share of the message met with, and in which phase.

    A Reply is 2yz only in `Phase.MESSAGE` – the server took responsibility – and otherwise 4yz or 5yz: an answer of
    another kind than the phase allows is `Lost`.
    """

    recipient: str
    phase: Phase
    answer: Answer

    @property
    def is_accepted(self) -> bool:
        return isinstance(self.answer, Reply) and self.answer.is_positive


@dataclass(frozen=True, slots=True)
class Outcome:
    """One result for each recipient, in the envelope's order, and what was said."""

    results: tuple[Result, ...]
    transcript: tuple[bytes | Reply | str, ...] = ()

    @property
    def is_turned_away(self) -> bool:
        """The session was over before this message began: closed, or 421 to MAIL. Nothing of it was taken."""
        return all(result.phase in (Phase.RSET, Phase.MAIL) and _ends_session(result.answer) for result in self.results)

    @property
    def dialog(self) -> tuple[str, ...]:
        """The conversation in lines, without secrets and content; rendered when asked for."""
        return render_transcript(self.transcript)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How far a transaction without a message came: each phase with its answer, the last one being where it ended."""

    steps: tuple[tuple[Phase, Answer], ...]
    transcript: tuple[bytes | Reply | str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """The server said 354: it would have taken a message."""
        phase, answer = self.steps[-1]
        return phase is Phase.DATA and isinstance(answer, Reply) and answer.code == 354

    @property
    def dialog(self) -> tuple[str, ...]:
        """The conversation in lines, as `Outcome.dialog`."""
        return render_transcript(self.transcript)


def _ends_session(answer: Answer) -> bool:
    if isinstance(answer, Lost):
        return not answer.may_have_been_accepted
    return isinstance(answer, Reply) and answer.code == 421
