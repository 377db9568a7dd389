"""How do the messages of a request enter the queue: the good ones, whatever the others are like?"""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from postroom.api.schemas import MessageIn, Sending
from postroom.api.validation import explain
from postroom.errors import PostroomError
from postroom.outbound.models import Stream
from postroom.outbound.route import Route, find_route
from postroom.outbound.submit import DEFAULT_PRIORITY, Queued, Routed, Submission, prepare, store, submit
from postroom.policy.composition import read_draft, read_from
from postroom.servers.selection import server_named
from postroom.workspaces.access import company_of
from postroom.workspaces.keys import require_current
from postroom.workspaces.models import ApiKey, Workspace

# Fields that say how to send; the others are the message itself.
OPTIONS = {"company", "stream", "server", "scheduled_at", "priority", "campaign", "tags"}


def submit_message(message: MessageIn, key: ApiKey) -> Queued:
    """Queue one message; PostroomError when it is refused, OutdatedError as `act_for` expects it."""
    return submit([_read(message, key)])[0]


def submit_batch(items: Sequence[object], key: ApiKey) -> list[Queued | PostroomError]:
    """Queue the good ones of `items`, all in one transaction; what became of each, in their order.

    OutdatedError as `act_for` expects it.
    """
    outcomes = [_prepare(item, key) for item in items]
    good = [outcome for outcome in outcomes if isinstance(outcome, Routed)]
    if not good:  # otherwise storing finds out
        require_current(key)
    queued = iter(store(good))
    return [next(queued) if isinstance(outcome, Routed) else outcome for outcome in outcomes]


def route_of(sending: Sending, workspace: Workspace) -> Route:
    """How a message of these would leave, decided without storing anything."""
    return find_route(
        read_from(sending.from_),
        company=company_of(workspace, sending.company),
        stream=sending.stream or Stream.TRANSACTIONAL,
        forced_server=_server(sending, workspace),
    )


def _prepare(item: object, key: ApiKey) -> Routed | PostroomError:
    """One message of a batch, still as JSON."""
    try:
        return prepare(_read(MessageIn.model_validate(item), key))
    except ValidationError as fault:
        return explain(fault, MessageIn)
    except PostroomError as refusal:
        return refusal


def _read(message: MessageIn, key: ApiKey) -> Submission:
    return Submission(
        content=read_draft(message.model_dump(by_alias=True, exclude=OPTIONS, exclude_unset=True)),
        company=company_of(key.workspace, message.company),
        source="http",
        key=key,
        stream=message.stream or Stream.TRANSACTIONAL,
        forced_server=_server(message, key.workspace),
        scheduled_at=_if_ahead(message.scheduled_at),
        priority=DEFAULT_PRIORITY if message.priority is None else message.priority,
        campaign=message.campaign or "",
        tags=tuple(message.tags or ()),
    )


def _server(sending: Sending, workspace: Workspace) -> int | None:
    return None if sending.server is None else server_named(workspace, sending.server)


def _if_ahead(moment: datetime | None) -> datetime | None:
    """A moment that has passed means now: a repeated request must not be refused for having come late."""
    return moment if moment is not None and moment > datetime.now(UTC) else None
