"""What a server's answers mean for deliveries: results, ready to be written by the journal."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from postroom.outbound.haste import hurried
from postroom.outbound.queue import Claimed
from postroom.outbound.target import Target
from postroom.policy.causes import SLOWING, Reach
from postroom.policy.failure import Verdict, judge
from postroom.policy.retry import extended_lifetime, next_attempt
from postroom.policy.status import Status
from postroom.rfc.reply import Reply
from postroom.rfc.session import ConnectFailure
from postroom.smtp.outcome import Answer, Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """One delivery's part of turn.sql. `delay`: seconds to the next attempt; None when there is none."""

    delivery: int
    domain: str  # of the recipient
    status: Status
    delay: float | None
    lifetime: float | None  # how long it is tried from now on at least, where that is longer than it was
    reply_code: int | None
    reply_text: str
    reason: str
    server: str
    cause: str
    dialog: str
    is_server_fault: bool
    hint_s: float | None = None  # the server's own wish for the next attempt

    @property
    def is_sent(self) -> bool:
        return self.status is Status.SENT

    @property
    def is_deferred(self) -> bool:
        return self.status is Status.DEFERRED


def results(claimed: Sequence[Claimed], answer: Outcome | ConnectFailure, target: Target) -> list[Result]:
    """What to record for each of `claimed`, the envelope's recipients in order."""
    if isinstance(answer, ConnectFailure):
        # No word was said about any message: they wait for the lane to open again, not for a time of their own.
        judged = judge(answer)
        verdict, dialog = replace(judged, hint_s=0), "\n".join(answer.dialog)
        found = [_result(c, answer.reply, verdict, target=target, dialog=dialog) for c in claimed]
        return [replace(result, is_server_fault=True, hint_s=judged.hint_s) for result in found]
    verdicts = [judge(result.answer, phase=result.phase) for result in answer.results]
    dialog = "\n".join(answer.dialog)
    return [
        _result(delivery, result.answer, verdict, target=target, dialog=dialog)
        for delivery, result, verdict in zip(claimed, answer.results, verdicts, strict=True)
    ]


def _result(delivery: Claimed, answer: Answer | None, verdict: Verdict, *, target: Target, dialog: str) -> Result:
    reply = answer if isinstance(answer, Reply) else None
    status, delay, lifetime = _next(delivery, verdict)
    is_refusal = verdict.reach is Reach.SERVER and verdict.outcome is Status.DEFERRED
    return Result(
        delivery=delivery.id,
        domain=delivery.recipient.rpartition("@")[2].lower(),
        status=status,
        delay=delay,
        lifetime=lifetime,
        reply_code=reply.code if reply else None,
        reply_text=str(reply) if reply else "",
        reason="" if status is Status.SENT else verdict.sentence,
        server=target.name,
        cause=verdict.cause,
        dialog=dialog,
        is_server_fault=is_refusal and verdict.cause not in SLOWING,
        hint_s=verdict.hint_s,
    )


def _next(delivery: Claimed, verdict: Verdict) -> tuple[Status, float | None, float | None]:
    """The state that follows, the seconds to the next attempt, and a longer lifetime from now on if it gets one."""
    if verdict.outcome is not Status.DEFERRED:
        return verdict.outcome, None, None
    age = (datetime.now(UTC) - delivery.submitted_at).total_seconds()
    before = (delivery.expires_at - delivery.submitted_at).total_seconds()
    lifetime = extended_lifetime(delivery.attempts, age, lifetime_s=before)
    jitter = random.random()  # noqa: S311 - no secret
    delay = next_attempt(delivery.attempts, age, hint_s=verdict.hint_s, jitter=jitter, lifetime_s=lifetime)
    if delay is None:
        return Status.EXPIRED, None, None
    wait = 0 if verdict.hint_s == 0 else hurried(delay)
    return Status.DEFERRED, wait, lifetime - age if lifetime > before else None
