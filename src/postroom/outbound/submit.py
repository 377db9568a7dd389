"""How mail enters the queue, whoever sends it: compose → route → store, the last in one statement."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, connection

from postroom.combining import Combined
from postroom.outbound import compose, opens, queue
from postroom.outbound.models import Stream
from postroom.outbound.route import Route, domain_of, find_route
from postroom.outbound.statements import statement
from postroom.policy.composition import Draft
from postroom.policy.status import Status
from postroom.rfc.address import Mailbox
from postroom.rfc.submitted import SubmittedMessage
from postroom.workspaces.keys import OutdatedError
from postroom.workspaces.models import ApiKey, Company

PRIORITIES = range(10)  # lower leaves first, inside its lane
DEFAULT_PRIORITY = 5

# What is larger gains little by company, and would hold up the others.
MOST_COMBINED_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One message as its author hands it in."""

    content: Draft | SubmittedMessage
    company: Company
    source: str  # http, smtp, web: where it came in
    key: ApiKey | None = None  # that it came with; must still be valid, and the settings as they were with it
    recipients: tuple[Mailbox, ...] | None = None  # of the envelope; None: those of To, Cc and Bcc
    stream: Stream = Stream.TRANSACTIONAL
    forced_server: int | None = None
    scheduled_at: datetime | None = None  # aware; None: now
    priority: int = DEFAULT_PRIORITY  # one of PRIORITIES
    tags: tuple[str, ...] = ()
    campaign: str = ""  # of mass mail: campaigns take turns, so that none waits for another to end
    is_automatic: bool = False  # answers mail: it leaves at once, with the null return path, and no failure is reported


@dataclass(frozen=True, slots=True)
class Routed:
    """A submission with its message as it is stored, and how that leaves."""

    submission: Submission
    message: compose.Composed
    route: Route

    @property
    def place(self) -> tuple[int | None, Stream]:
        """Where it waits, as `queue.lane_of` takes it."""
        return self.route.server_id, self.submission.stream


@dataclass(frozen=True, slots=True)
class Queued:
    """A stored message with the states of its deliveries; it leaves at `leaves_at` at the earliest, or never."""

    routed: Routed
    leaves_at: datetime | None
    statuses: frozenset[Status]

    @property
    def id(self) -> UUID:
        return self.routed.message.id

    @property
    def message_id(self) -> str:
        return self.routed.message.message_id

    @property
    def recipients(self) -> tuple[str, ...]:
        return self.routed.message.recipients


def submit(submissions: Sequence[Submission]) -> list[Queued]:
    """Queue all of `submissions` or, when one is refused with a PostroomError, none.

    OutdatedError, and nothing stored, when a `key` or its workspace's settings are not what they were.
    """
    return store(list(map(prepare, submissions)))


def prepare(submission: Submission) -> Routed:
    """Compose and route; nothing is stored. PostroomError when the submission cannot be sent."""
    company = submission.company
    id_ = compose.uuid7()
    content = opens.with_image(submission.content, id_, workspace=company.workspace, stream=submission.stream)
    message = compose.compose(content, submission.recipients, domain=domain_of(company), id_=id_)
    route = find_route(
        message.author,
        company=company,
        stream=submission.stream,
        forced_server=submission.forced_server,
        is_automatic=submission.is_automatic,
    )
    return Routed(submission, message, route)


def store(routed: Sequence[Routed]) -> list[Queued]:
    """Store messages and queue each for its recipients; all or none, also without a transaction around it.

    Those of one call have the same `key`. OutdatedError as `submit`.
    """
    if not routed:
        return []
    is_large = sum(entry.message.size_bytes for entry in routed) > MOST_COMBINED_BYTES
    queued = _store_now(routed) if is_large or connection.in_atomic_block else _store_combined(routed)
    if len(queued) < len(routed):
        raise OutdatedError
    return queued


def _store_groups(groups: Sequence[Sequence[Routed]]) -> list[list[Queued]]:
    """For each group what of it was stored: all, or nothing when its key is outdated."""
    queued = {entry.id: entry for entry in _store_now(list(chain.from_iterable(groups)))}
    return [[queued[entry.message.id] for entry in group if entry.message.id in queued] for group in groups]


# What several threads have to store at the same time shares a statement and a commit.
_store_combined = Combined(_store_groups, divisible=(DataError, IntegrityError))


def _store_now(routed: Sequence[Routed]) -> list[Queued]:
    lanes = {place: queue.lane_of(*place) for place in {entry.place for entry in routed}}
    routes = {entry.route: number for number, entry in enumerate(routed)}
    messages = [entry.message for entry in routed]
    arguments: dict[str, Any] = {
        "routes": json.dumps([{"route": number, **route.columns} for route, number in routes.items()]),
        "entries": json.dumps([_row(entry, lanes[entry.place], route=routes[entry.route]) for entry in routed]),
        "ids": [message.id for message in messages],
        "heads": [message.head for message in messages],
        "bodies": [message.body for message in messages],
        "body_hashes": [message.body_hash for message in messages],
        "keys": list({entry.submission.key.pk for entry in routed if entry.submission.key}),
        "announces": not connection.in_atomic_block,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("enqueue"), arguments)
        queued = {message: (leaves_at, frozenset(map(Status, statuses))) for message, leaves_at, statuses in cursor}
    if not arguments["announces"]:
        for lane in lanes.values():
            queue.announce(lane)
    return [Queued(entry, *queued[entry.message.id]) for entry in routed if entry.message.id in queued]


def _row(routed: Routed, lane: int, *, route: int) -> dict[str, Any]:
    """What enqueue.sql calls an entry."""
    submission, message = routed.submission, routed.message
    return {
        "id": str(message.id),
        "workspace_id": submission.company.workspace_id,
        "company_id": submission.company.pk,
        "key_id": submission.key and submission.key.pk,
        "key_version": submission.key and submission.key.workspace.routing_version,
        "stream": submission.stream,
        "source": submission.source,
        "author_from": message.author_text,
        "subject": message.subject,
        "message_id": message.message_id,
        "forced_server_id": submission.forced_server,
        "size_bytes": message.size_bytes,
        "tags": submission.tags,
        "is_automatic": submission.is_automatic,
        "scheduled_at": submission.scheduled_at.isoformat() if submission.scheduled_at else None,
        "server_id": routed.route.server_id,
        "lane_id": lane,
        "priority": submission.priority,
        "flow": queue.flow_of(submission.company.workspace_id, submission.stream, submission.campaign),
        "recipients": message.recipients,
        "route": route,
    }
