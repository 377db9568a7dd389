"""What can a program do with messages: hand them in, and see what became of them?"""

from typing import Annotated
from uuid import UUID

from django.http import HttpResponse
from ninja import Header, Query, Router, Status

from postroom.api import answers, search
from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import Accepted, BatchIn, BatchOut, Listing, MessageIn, MessageList, MessageOut
from postroom.api.submissions import Request, Submitted, submit_batch, submit_message
from postroom.errors import PostroomError

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Up to 255 characters; a repeated request within 24 h queues nothing"),
]

router = Router(tags=["messages"], by_alias=True)


@router.post("", response={202: Accepted, **REFUSED}, summary="Send a message")
def post_message(
    request: KeyRequest, message: MessageIn, *, response: HttpResponse, idempotency_key: IdempotencyKey = None
) -> Status[Accepted]:
    """Stores, routes and queues a message in one transaction: after a 202 it cannot get lost."""
    workspace = request.auth.workspace
    submitted = submit_message(message, Request(workspace, idempotency_key, request.body))
    _mark_replay(response, submitted)
    [outcome] = submitted.outcomes
    if isinstance(outcome, PostroomError):
        raise outcome
    return Status(202, answers.tell_accepted(workspace, outcome))


@router.post("/batch", response={202: BatchOut, **REFUSED}, summary="Send up to 1,000 messages")
def post_batch(
    request: KeyRequest, batch: BatchIn, *, response: HttpResponse, idempotency_key: IdempotencyKey = None
) -> Status[BatchOut]:
    """Queues the good messages in one transaction and tells what is wrong with the others, each by its index."""
    workspace = request.auth.workspace
    submitted = submit_batch(batch.messages, Request(workspace, idempotency_key, request.body))
    _mark_replay(response, submitted)
    results = [answers.tell_item(workspace, index, outcome) for index, outcome in enumerate(submitted.outcomes)]
    return Status(202, BatchOut(results=results))


@router.get("", response={200: MessageList, **REFUSED}, summary="List messages")
def list_messages(request: KeyRequest, listing: Query[Listing]) -> MessageList:
    """Newest first; next_before leads to the next page."""
    found = search.list_messages(request.auth.workspace, listing)
    page = [answers.tell_summary(message, statuses) for message, statuses in found[: listing.limit]]
    return MessageList(messages=page, next_before=page[-1].id if len(found) > listing.limit else None)


@router.get("/{uuid:message_id}", response={200: MessageOut, **REFUSED}, summary="See what became of a message")
def get_message(request: KeyRequest, message_id: UUID) -> MessageOut:
    """The message with its routing and one delivery for each recipient."""
    found = search.find_message(request.auth.workspace, message_id)
    if found is None:
        raise NotFoundError("This workspace has no such message.")
    return answers.tell_message(found)


def _mark_replay(response: HttpResponse, submitted: Submitted) -> None:
    if submitted.is_replay:
        response["Idempotent-Replay"] = "true"
