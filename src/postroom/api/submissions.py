"""How do the messages of a request enter the queue: each once, the good ones whatever the others are like?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from uuid import UUID

from django.db import transaction
from pydantic import ValidationError

from postroom.api.schemas import MessageIn, Sending
from postroom.api.validation import explain
from postroom.errors import PostroomError, UnknownServerError
from postroom.outbound import idempotency, route
from postroom.outbound.models import Message, Stream
from postroom.outbound.submit import Receipt, Submission, submit
from postroom.policy.composition import read_draft
from postroom.policy.routing import Decision
from postroom.servers.models import OutgoingServer
from postroom.workspaces.access import company_of
from postroom.workspaces.models import Workspace

# Fields that say how to send; the others are the message itself.
OPTIONS = {"company", "stream", "server", "scheduled_at", "tags"}
# A Message stands for the receipt that an earlier request with the same Idempotency-Key got for it.
Outcome = Receipt | Message | PostroomError


class RefusedBeforeError(PostroomError):
    """This message was refused when its batch was first sent; send it again under a new Idempotency-Key."""

    code = "refused_before"


@dataclass(frozen=True, slots=True)
class Request:
    """Who hands in what; `key` is the Idempotency-Key, `body` the JSON it was sent with."""

    workspace: Workspace
    key: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of each message of a request, in its order."""

    outcomes: list[Outcome]
    is_replay: bool = False


class Reader:
    """Turns the messages of one request into submissions; what they share is looked up once."""

    def __init__(self, workspace: Workspace) -> None:
        self.company = cache(partial(company_of, workspace))
        self.server = cache(partial(_find_server, workspace))

    def decide(self, sending: Sending) -> Decision:
        """How a message of these would leave, decided without storing anything."""
        # read_draft wants a recipient, which a dry run does not have.
        author = read_draft({"from": sending.from_, "to": "nobody@example.com"}).from_
        return route.decide(
            author,
            company=self.company(sending.company),
            stream=sending.stream or Stream.TRANSACTIONAL,
            forced_server=self.server(sending.server),
        )

    def read(self, message: MessageIn) -> Submission:
        """PostroomError when the message cannot be sent as it is."""
        return Submission(
            content=read_draft(message.model_dump(by_alias=True, exclude=OPTIONS, exclude_unset=True)),
            company=self.company(message.company),
            source="http",
            stream=message.stream or Stream.TRANSACTIONAL,
            forced_server=self.server(message.server),
            scheduled_at=_if_ahead(message.scheduled_at),
            tags=tuple(message.tags or ()),
        )

    def read_item(self, item: object) -> Submission | PostroomError:
        """One message of a batch, still as JSON."""
        try:
            return self.read(MessageIn.model_validate(item))
        except ValidationError as fault:
            return explain(fault, MessageIn)
        except PostroomError as refusal:
            return refusal


def submit_message(message: MessageIn, request: Request) -> Submitted:
    """Queue one message; PostroomError when it is refused."""

    def queue() -> list[Outcome]:
        return [*submit([Reader(request.workspace).read(message)], workspace=request.workspace)]

    return _submit_once(queue, [message], request)


def submit_batch(items: Sequence[object], request: Request) -> Submitted:
    """Queue the good ones of `items` in one transaction."""
    return _submit_once(partial(_queue_good, items, request.workspace), items, request)


def _submit_once(queue: Callable[[], list[Outcome]], items: Sequence[object], request: Request) -> Submitted:
    if request.key is None:
        return Submitted(queue())
    with transaction.atomic():
        request_hash = idempotency.hash_json(request.body)
        known = idempotency.claim(request.workspace, request.key, request_hash=request_hash)
        if known is not None:
            return Submitted(_recall(known, items, request.workspace), is_replay=True)
        outcomes = queue()
        messages = [outcome.id if isinstance(outcome, Receipt) else None for outcome in outcomes]
        idempotency.keep(request.workspace, request.key, messages=messages)
    return Submitted(outcomes)


@transaction.atomic
def _queue_good(items: Iterable[object], workspace: Workspace) -> list[Outcome]:
    read = list(map(Reader(workspace).read_item, items))
    good = [outcome for outcome in read if isinstance(outcome, Submission)]
    submitted = iter(_submit_good(good, workspace))
    return [next(submitted) if isinstance(outcome, Submission) else outcome for outcome in read]


def _submit_good(submissions: Sequence[Submission], workspace: Workspace) -> list[Outcome]:
    """What only composing and routing can refuse, `submit` refuses for all: halve until the culprit stands alone."""
    try:
        return [*submit(submissions, workspace=workspace)] if submissions else []
    except PostroomError as refusal:
        if len(submissions) == 1:
            return [refusal]
        middle = len(submissions) // 2
        return [*_submit_good(submissions[:middle], workspace), *_submit_good(submissions[middle:], workspace)]


def _recall(known: Sequence[UUID | None], items: Sequence[object], workspace: Workspace) -> list[Outcome]:
    messages = Message.objects.select_related("server").filter(workspace=workspace).in_bulk(filter(None, known))
    reader = Reader(workspace)
    return [messages.get(id_) or _refuse_again(reader, item) for id_, item in zip(known, items, strict=True)]


def _refuse_again(reader: Reader, item: object) -> PostroomError:
    outcome = reader.read_item(item)
    return outcome if isinstance(outcome, PostroomError) else RefusedBeforeError()


def _find_server(workspace: Workspace, name: str | None) -> int | None:
    if name is None:
        return None
    servers = OutgoingServer.objects.filter(workspace=workspace, archived_at=None)
    found = servers.filter(name__iexact=name).first()
    if found is not None:
        return found.pk
    known = ", ".join(f"“{server.name}”" for server in servers[:20]) or "none, only the default server"
    raise UnknownServerError(
        f"There is no active outgoing server “{name}”; this workspace has {known}.", field="server"
    )


def _if_ahead(moment: datetime | None) -> datetime | None:
    """A moment that has passed means now: a repeated request must not be refused for having come late."""
    return moment if moment is not None and moment > datetime.now(UTC) else None
