"""How is one message handed over, step by step? No I/O (RFC 5321 §3.3, RFC 2920, RFC 3030).

Where the server offers it, commands travel together: MAIL, RCPT and DATA in one write, or, with CHUNKING, MAIL, RCPT
and a whole small message in one round trip.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

from postroom.rfc.reply import Reply
from postroom.rfc.session import Lost, Phase, Unsupported
from postroom.smtp.body import PIECE_OCTETS, cut, stuff
from postroom.smtp.dialog import Heard, Steps, Transcript, Turn
from postroom.smtp.envelope import Envelope, mail_command, rcpt_command
from postroom.smtp.extensions import Extensions
from postroom.smtp.outcome import Answer, Outcome, Rehearsal, Result

_DATA = b"DATA\r\n"
_RSET = b"RSET\r\n"
_GO_AHEAD = dict.fromkeys(Phase, 2) | {Phase.DATA: 3}  # the first digit of the reply hoped for


def find_unsupported(envelope: Envelope, size: int, offers: Extensions) -> Unsupported | None:
    """Why the server's own offer rules this message out for all its recipients; None when it does not."""
    if offers.size_limit and size > offers.size_limit:
        return Unsupported("SIZE", f"the message has {size} octets, the server takes {offers.size_limit}")
    if not offers.smtputf8 and (envelope.needs_smtputf8 or not envelope.return_path.isascii()):
        return Unsupported("SMTPUTF8", "the sender address or a header is not ASCII, and the server takes only ASCII")
    if envelope.needs_8bit and not offers.eight_bit:
        return Unsupported("8BITMIME", "the message has 8-bit content, and the server takes only 7-bit")
    return None


def rehearse(envelope: Envelope, offers: Extensions, *, after_reset: bool) -> Steps[Rehearsal]:
    """MAIL, RCPT, DATA one by one up to the first that fails; after a 354 the connection must be dropped."""
    if unsupported := find_unsupported(envelope, envelope.size, offers):
        return Rehearsal(((Phase.MAIL, unsupported),))
    transcript: Transcript = []
    steps: list[tuple[Phase, Answer]] = []
    phases, lines = _opening(envelope, offers, after_reset=after_reset)
    for phase, line in zip([*phases, Phase.DATA], [*lines, _DATA], strict=True):
        transcript.append(line)
        heard = yield Turn(line, (phase,))
        answer = heard.replies[0] if heard.replies else Lost(phase, heard.lost or "no reply")
        transcript.append(answer if isinstance(answer, Reply) else answer.why)
        steps.append((phase, answer))
        if not isinstance(answer, Reply) or answer.code // 100 != _GO_AHEAD[phase]:
            break
    return Rehearsal(tuple(steps), tuple(transcript))


class Transaction:
    """One message on one connection: `run` is the conversation, the attributes then tell the connection's state.

    `needs_reset`: a transaction was left open, RSET must precede the next. `is_derailed`: the two sides no longer agree
    where they are, or the server said goodbye (421); the connection is of no further use.

    `is_trusted` allows the message to be written before MAIL is answered: only for a connection just heard from, since
    losing it after that leaves the outcome unknown.
    """

    __slots__ = (
        "_chunks",
        "_envelope",
        "_farewell",
        "_is_small",
        "_is_trusted",
        "_lost",
        "_offers",
        "_rcpt_replies",
        "_replies",
        "_size",
        "_transcript",
        "_went_smoothly",
        "is_derailed",
        "needs_reset",
    )

    def __init__(self, envelope: Envelope, chunks: Sequence[bytes], offers: Extensions, *, is_trusted: bool) -> None:
        self.needs_reset = False
        self.is_derailed = False
        self._envelope = envelope
        self._chunks = chunks
        self._size = sum(map(len, chunks))
        self._is_small = self._size <= PIECE_OCTETS  # to be put together and written at once
        self._offers = offers
        self._is_trusted = is_trusted
        self._went_smoothly = True
        self._replies: dict[Phase, Reply] = {}
        self._rcpt_replies: list[Reply] = []
        self._farewell: tuple[Phase, Reply] | None = None
        self._lost: Lost | None = None
        self._transcript: Transcript = []

    def run(self, *, after_reset: bool) -> Steps[Outcome]:
        """The whole conversation, begun with RSET when `after_reset`."""
        if unsupported := find_unsupported(self._envelope, self._size, self._offers):
            return Outcome(tuple(Result(address, Phase.MAIL, unsupported) for address in self._envelope.recipients))
        phases, lines = _opening(self._envelope, self._offers, after_reset=after_reset)
        self._went_smoothly = phases.count(Phase.RCPT) == len(self._envelope.recipients)
        if phases[-1] is Phase.RCPT:
            yield from self._converse(phases, lines)
        return Outcome(tuple(self._results()), tuple(self._transcript))

    def _converse(self, phases: list[Phase], lines: list[bytes]) -> Steps[None]:
        if not self._offers.pipelining:
            yield from self._say_one_by_one(phases, lines)
        elif not self._offers.chunking:
            yield from self._say([*phases, Phase.DATA], [*lines, _DATA])
            yield from self._write_data()
        elif self._is_trusted and self._is_small and phases[0] is Phase.MAIL:
            yield from self._say([*phases, Phase.MESSAGE], [*lines, self._bdat], self._chunks)
        else:
            yield from self._say(phases, lines)
            yield from self._write_bdat()
        final = self._replies.get(Phase.MESSAGE)
        self.needs_reset = final is None or not final.is_positive

    def _say_one_by_one(self, phases: list[Phase], lines: list[bytes]) -> Steps[None]:
        for phase, line in zip(phases, lines, strict=True):
            yield from self._say([phase], [line])
            if self._lost or self._farewell or (phase is Phase.MAIL and not self._is_sender_accepted):
                return
        if self._offers.chunking:
            yield from self._write_bdat()
        elif self._has_takers:
            yield from self._say([Phase.DATA], [_DATA])
            yield from self._write_data()

    def _write_bdat(self) -> Steps[None]:
        if self._has_takers:
            yield from self._say([Phase.MESSAGE], [self._bdat], self._pieces)

    def _write_data(self) -> Steps[None]:
        go_ahead = self._replies.get(Phase.DATA)
        if go_ahead is None or go_ahead.code // 100 != 3:
            return
        if self._has_takers:
            yield from self._say([Phase.MESSAGE], [], stuff(self._pieces))
        elif any(reply.is_positive for reply in self._rcpt_replies):
            self.is_derailed = True  # MAIL refused, yet RCPT and DATA accepted: who knows what a dot would do
        else:
            yield from self._say([Phase.MESSAGE], [b".\r\n"])  # RFC 2920 §3.1: 354 although all RCPT failed

    @property
    def _bdat(self) -> bytes:
        return b"BDAT %d LAST\r\n" % self._size

    @property
    def _pieces(self) -> Iterable[bytes]:
        return self._chunks if self._is_small else cut(self._chunks)

    @property
    def _is_sender_accepted(self) -> bool:
        mail = self._replies.get(Phase.MAIL)
        return mail is not None and mail.is_positive

    @property
    def _has_takers(self) -> bool:
        if self._went_smoothly:
            return True
        if self._lost or self._farewell or not self._is_sender_accepted:
            return False
        return any(reply.is_positive for reply in self._rcpt_replies)

    def _say(self, phases: list[Phase], lines: list[bytes], content: Iterable[bytes] = ()) -> Steps[None]:
        self._transcript += lines
        if content:
            self._transcript.append(f"{self._size} octets of message")
        if self._is_small:
            heard = yield Turn(b"".join(chain(lines, content)), phases)
        else:
            heard = yield Turn(b"".join(lines), phases, iter(content))
        self._note(phases, heard)

    def _note(self, phases: list[Phase], heard: Heard) -> None:
        self._transcript += heard.replies
        is_message_written = heard.is_written and phases[-1] is Phase.MESSAGE
        for phase, reply in zip(phases, heard.replies, strict=False):
            if phase is Phase.RCPT:
                self._rcpt_replies.append(reply)
            else:
                self._replies[phase] = reply
            if reply.code // 100 != _GO_AHEAD[phase] or not heard.is_written:
                self._note_obstacle(phase, reply, is_message_written=is_message_written)
        if len(heard.replies) < len(phases):
            why = heard.lost or "no reply"
            self._transcript.append(why)
            self._lose(phases[len(heard.replies)], why, is_message_written=is_message_written)

    def _note_obstacle(self, phase: Phase, reply: Reply, *, is_message_written: bool) -> None:
        """A refusal, an answer that makes no sense here, or one that came before the message was complete."""
        self._went_smoothly = False
        is_early = phase is Phase.MESSAGE and not is_message_written
        if not _is_refusal(reply):
            self._lose(phase, f"the server answered out of turn: {reply}", is_message_written=is_message_written)
        if reply.code == 421:
            self._farewell = phase, reply
        self.is_derailed |= is_early or phase is Phase.RSET or reply.code == 421 or self._lost is not None

    def _lose(self, phase: Phase, why: str, *, is_message_written: bool) -> None:
        self._went_smoothly = False
        self._lost = self._lost or Lost(phase, why, is_message_written)

    def _results(self) -> list[Result]:
        if self._went_smoothly:
            final = self._replies[Phase.MESSAGE]
            return [Result(address, Phase.MESSAGE, final) for address in self._envelope.recipients]
        results = []
        rcpt_replies = iter(self._rcpt_replies)
        for address in self._envelope.recipients:
            if _is_nameable(address, self._offers):
                results.append(Result(address, *self._answer(next(rcpt_replies, None))))
            else:
                why = f"{address} is not ASCII, and the server takes only ASCII addresses"
                results.append(Result(address, Phase.RCPT, Unsupported("SMTPUTF8", why)))
        return results

    def _answer(self, rcpt: Reply | None) -> tuple[Phase, Answer]:
        """The first refusal on this recipient's way, else the answer to the message, else how it was lost."""
        final, lost = self._replies.get(Phase.MESSAGE), self._lost
        mail, data = self._replies.get(Phase.MAIL), self._replies.get(Phase.DATA)
        for phase, reply in ((Phase.MAIL, mail), (Phase.RCPT, rcpt), (Phase.DATA, data), (Phase.MESSAGE, final)):
            if reply is not None and _is_refusal(reply):
                return phase, reply
        if final is not None and lost is None:
            return Phase.MESSAGE, final
        # 421 said to an earlier command settles the rest, unless the message was already on its way.
        if self._farewell is not None and not (lost and lost.may_have_been_accepted):
            return self._farewell
        lost = lost or Lost(Phase.MAIL, "the conversation ended early")
        return lost.phase, lost


def _opening(envelope: Envelope, offers: Extensions, *, after_reset: bool) -> tuple[list[Phase], list[bytes]]:
    """Everything up to the last RCPT: the phases, and the command line of each."""
    phases, lines = ([Phase.RSET, Phase.MAIL], [_RSET]) if after_reset else ([Phase.MAIL], [])
    lines.append(mail_command(envelope, offers))
    for index, address in enumerate(envelope.recipients):
        if _is_nameable(address, offers):
            phases.append(Phase.RCPT)
            lines.append(rcpt_command(envelope, index, offers))
    return phases, lines


def _is_nameable(address: str, offers: Extensions) -> bool:
    return offers.smtputf8 or address.isascii()


def _is_refusal(reply: Reply) -> bool:
    return 400 <= reply.code < 600
