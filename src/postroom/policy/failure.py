"""What follows from what the server said, or failed to say: is the mail sent, and whom else does it concern?

A server that is set up wrongly must not bounce its users' mail: only refusals that mean this recipient or this message
are final. Unclear means temporary; lost after the message was written means unknown.
"""

from dataclasses import dataclass

from postroom.policy.causes import (
    CAUSES,
    LOGIN_REFUSED,
    NEEDS_8BITMIME,
    NEEDS_SMTPUTF8,
    SERVER_UNAVAILABLE,
    TOO_LARGE,
    Cause,
    Reach,
    find_cause,
)
from postroom.policy.hint import retry_hint
from postroom.policy.status import Status
from postroom.rfc.reply import Reply
from postroom.rfc.session import ConnectFailure, Lost, Phase, Unsupported


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to record and whom to tell.

    `outcome` is SENT, DEFERRED, BOUNCED or UNKNOWN. `cause` is a stable id, `sentence` plain words with a hint.
    `hint_s`: the server's own wish for the time to the next attempt, in seconds.
    """

    outcome: Status
    reach: Reach
    cause: str
    sentence: str
    hint_s: int | None = None


_SENT = Verdict(Status.SENT, Reach.RECIPIENT, "accepted", "The server took responsibility for the message.")
_UNSUPPORTED = {"SIZE": TOO_LARGE, "SMTPUTF8": NEEDS_SMTPUTF8, "8BITMIME": NEEDS_8BITMIME}
_CONNECT_CAUSES = {
    Phase.RESOLVE: ("host-not-found", "The server's name cannot be found. Check the host name and this machine's DNS."),
    Phase.CONNECT: (
        "no-connection",
        "The server cannot be reached. Check host, port (465, 587 or 2525; 25 is often blocked) and firewall.",
    ),
    Phase.GREETING: (
        "no-greeting",
        "The server did not greet. Port 465 usually wants SSL/TLS from the start, 587 and 25 do not.",
    ),
    Phase.EHLO: ("greeting-refused", "The server did not accept our introduction. Check the EHLO name."),
    Phase.TLS: ("tls-failed", "No secure connection could be made. Check encryption, host name and certificate."),
    Phase.LOGIN: ("login-failed", "The login was not completed. Check how the server wants to be logged in to."),
}


CONNECTION_LOST = "connection-lost"
_LOST_SENTENCE = (
    "The server broke off the connection. It may be overloaded, or find something wrong that it does not say."
)
# Every cause in plain words, by its id, without the facts of one case.
SENTENCES: dict[str, str] = {
    **{cause.id: cause.sentence for cause in CAUSES},
    **dict(_CONNECT_CAUSES.values()),
    CONNECTION_LOST: _LOST_SENTENCE,
}


def judge(answer: Reply | Lost | Unsupported | ConnectFailure, *, phase: Phase = Phase.MESSAGE) -> Verdict:
    """`phase` is where a Reply was given; the other kinds know theirs."""
    match answer:
        case Reply():
            return _judge_reply(answer, phase)
        case Lost():
            return _judge_lost(answer)
        case Unsupported():
            cause = _UNSUPPORTED[answer.keyword]
            return Verdict(Status.BOUNCED, cause.reach, cause.id, f"{cause.sentence} ({answer.why}.)")
        case ConnectFailure():
            return _judge_connect_failure(answer)


def _judge_reply(reply: Reply, phase: Phase) -> Verdict:
    if reply.is_positive and phase is Phase.MESSAGE:
        return _SENT
    cause = find_cause(reply, phase)
    is_final = reply.is_permanent and not cause.waits
    return _verdict(cause, Status.BOUNCED if is_final else Status.DEFERRED, reply)


def _judge_lost(lost: Lost) -> Verdict:
    if lost.may_have_been_accepted:
        sentence = f"The connection was lost before the server confirmed the message; it may have arrived ({lost.why})."
        return Verdict(Status.UNKNOWN, Reach.MESSAGE, "unknown-outcome", sentence)
    sentence = f"The connection was lost before the message was handed over ({lost.why}). It is tried again."
    return Verdict(Status.DEFERRED, Reach.SERVER, CONNECTION_LOST, sentence)


def _judge_connect_failure(failure: ConnectFailure) -> Verdict:
    """Always temporary: nothing was said about any message yet."""
    cause_id, sentence = _CONNECT_CAUSES.get(failure.phase, (SERVER_UNAVAILABLE.id, SERVER_UNAVAILABLE.sentence))
    reply = failure.reply
    if reply is None:
        return Verdict(Status.DEFERRED, Reach.SERVER, cause_id, f"{sentence} ({failure.why}.)")
    cause = find_cause(reply, failure.phase)
    if cause is SERVER_UNAVAILABLE and reply.is_permanent:
        return Verdict(Status.DEFERRED, Reach.SERVER, cause_id, sentence, retry_hint(reply))
    if cause is LOGIN_REFUSED and reply.is_transient:
        cause = SERVER_UNAVAILABLE  # 454 4.7.0: its password store is down, ours may be right
    return Verdict(Status.DEFERRED, Reach.SERVER, cause.id, cause.sentence, retry_hint(reply))


def _verdict(cause: Cause, outcome: Status, reply: Reply) -> Verdict:
    return Verdict(outcome, cause.reach, cause.id, cause.sentence, retry_hint(reply))
