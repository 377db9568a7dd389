"""How mail enters the queue, whoever sends it: compose → route → queue, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from postroom.outbound import compose, queue, route
from postroom.outbound.models import Stream
from postroom.policy.composition import Draft
from postroom.policy.routing import Decision
from postroom.rfc.address import Mailbox
from postroom.rfc.submitted import SubmittedMessage
from postroom.workspaces.models import Company, Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One message as its author hands it in."""

    content: Draft | SubmittedMessage
    company: Company
    source: str  # http, smtp, web: where it came in
    recipients: tuple[Mailbox, ...] | None = None  # of the envelope; None: those of To, Cc and Bcc
    stream: Stream = Stream.TRANSACTIONAL
    forced_server: int | None = None
    scheduled_at: datetime | None = None  # aware; None: now
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a submission: stored, routed and queued."""

    id: UUID
    message_id: str
    decision: Decision
    recipients: tuple[str, ...]


def submit(submissions: Sequence[Submission], *, workspace: Workspace) -> list[Receipt]:
    """Queue all of `submissions` or, when one is refused with a PostroomError, none.

    Call it inside a transaction of your own to store something beside the messages, such as an idempotency key.
    """
    composed = [compose.compose(s.content, s.recipients, domain=route.domain_of(s.company)) for s in submissions]
    decisions = [_route(s, message.author) for s, message in zip(submissions, composed, strict=True)]
    with transaction.atomic():
        queue.enqueue(workspace, list(map(_entry, submissions, composed, decisions)))
    return [
        Receipt(m.id, m.message_id, decision, m.recipients) for m, decision in zip(composed, decisions, strict=True)
    ]


def _route(submission: Submission, author: Mailbox | None) -> Decision:
    return route.decide(
        author, company=submission.company, stream=submission.stream, forced_server=submission.forced_server
    )


def _entry(submission: Submission, message: compose.Composed, decision: Decision) -> queue.Entry:
    return queue.Entry(
        message=message,
        routing=route.columns(submission.company.workspace, decision),
        server_id=route.server_id(decision),
        company_id=submission.company.pk,
        stream=submission.stream,
        source=submission.source,
        forced_server=submission.forced_server,
        scheduled_at=submission.scheduled_at,
        tags=submission.tags,
    )
