"""Would this server take our mail? Everything up to the 354 is tried, and nothing is ever sent (requirement C2).

Each identity is tried on a connection of its own: resolve, connect, greeting, TLS, login, MAIL FROM, RCPT TO, DATA. At
the 354 the line is dropped, so there is no message. What this cannot show is what the server does with one.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from postroom.errors import AddressError
from postroom.policy.failure import judge
from postroom.rfc.reply import Reply
from postroom.rfc.session import ConnectFailure, Lost, Phase, Unsupported
from postroom.servers.identities import Identity, Use
from postroom.smtp.client import Connection, connect
from postroom.smtp.endpoint import Endpoint, Security
from postroom.smtp.envelope import Envelope
from postroom.smtp.outcome import Rehearsal

PATIENCE_S = 20.0  # a person waits for the answer; servers that slow down strangers take some ten seconds


class Step(StrEnum):
    """What is tried, in the order in which it happens with STARTTLS or without encryption."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    GREETING = "greeting"
    TLS = "tls"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


class Result(StrEnum):
    """What became of a step."""

    OK = "ok"
    FAULT = "fault"
    UNUSED = "unused"  # the server is set up without it


@dataclass(frozen=True, slots=True)
class Finding:
    """One step: the server's `words` ("" for none), and for a fault its cause, an id of policy.causes or .failure."""

    step: Step
    result: Result
    words: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One identity: the steps that were tried so far. `is_over`: none will follow."""

    address: str
    uses: tuple[Use, ...]
    findings: tuple[Finding, ...]
    dialog: tuple[str, ...] = ()
    is_over: bool = False

    @property
    def fault(self) -> Finding | None:
        return next((finding for finding in self.findings if finding.result is Result.FAULT), None)


_STEPS = {Phase.EHLO: Step.GREETING, Phase.RSET: Step.MAIL}


def steps_of(security: Security) -> tuple[Step, ...]:
    """The steps in the order in which they happen: with SSL/TLS the server greets when the line is encrypted."""
    steps = list(Step)
    if security is Security.TLS:
        steps[2:4] = [Step.TLS, Step.GREETING]
    return tuple(steps)


async def probe(endpoint: Endpoint, identities: Sequence[Identity], *, recipient: str) -> AsyncIterator[Trial]:
    """Each identity as it stands when the line is open, and again when it is over; none follows a failed connection."""
    endpoint = replace(endpoint, timeouts=endpoint.timeouts.at_most(PATIENCE_S))
    for identity in identities:
        opened = await connect(endpoint)
        if isinstance(opened, ConnectFailure):
            yield _unopened(endpoint, identity, opened)
            return
        trial = Trial(identity.address, identity.uses, tuple(_opened(endpoint, opened)), opened.dialog)
        yield trial
        yield await _rehearse(opened, trial, recipient)


async def _rehearse(connection: Connection, trial: Trial, recipient: str) -> Trial:
    try:
        rehearsal = await connection.rehearse(Envelope(trial.address, (recipient,), 0))
    except AddressError as error:
        findings: Iterable[Finding] = [Finding(Step.MAIL, Result.FAULT, error.message)]
    else:
        findings = _rehearsed(rehearsal)
        trial = replace(trial, dialog=(*trial.dialog, *rehearsal.dialog))
    finally:
        connection.abort()
    return replace(trial, findings=(*trial.findings, *findings), is_over=True)


def _unopened(endpoint: Endpoint, identity: Identity, failure: ConnectFailure) -> Trial:
    failed = _STEPS.get(failure.phase) or Step(failure.phase.value)
    order = steps_of(endpoint.security)
    done = [Finding(step, _without_fault(endpoint, step)) for step in order[: order.index(failed)]]
    words = str(failure.reply) if failure.reply else failure.why
    fault = Finding(failed, Result.FAULT, words, judge(failure).cause)
    return Trial(identity.address, identity.uses, (*done, fault), failure.dialog, is_over=True)


def _opened(endpoint: Endpoint, connection: Connection) -> Iterable[Finding]:
    remarks = [entry for entry in connection.transcript if isinstance(entry, str)]
    for step in steps_of(endpoint.security)[:5]:
        words = remarks[-1] if step is Step.TLS and remarks else ""
        yield Finding(step, _without_fault(endpoint, step), words)


def _without_fault(endpoint: Endpoint, step: Step) -> Result:
    is_unused = {
        Step.TLS: endpoint.security is Security.NONE,
        Step.LOGIN: endpoint.credentials is None,
    }
    return Result.UNUSED if is_unused.get(step) else Result.OK


def _rehearsed(rehearsal: Rehearsal) -> Iterable[Finding]:
    *passed, (last_phase, last) = rehearsal.steps
    for phase, answer in passed:
        if phase is not Phase.RSET:
            yield Finding(Step(phase.value), Result.OK, _words(answer))
    step = _STEPS.get(last_phase) or Step(last_phase.value)
    if rehearsal.is_complete:
        yield Finding(step, Result.OK, _words(last))
    else:
        yield Finding(step, Result.FAULT, _words(last), judge(last, phase=last_phase).cause)


def _words(answer: Reply | Lost | Unsupported) -> str:
    return str(answer) if isinstance(answer, Reply) else answer.why
