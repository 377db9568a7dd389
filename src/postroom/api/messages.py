"""What can a program do with messages: hand them in, and see what became of them?"""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Header, Query, Router

from postroom.api import answers, search
from postroom.api.auth import ApiKeyAuth, KeyRequest, as_caller
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import Accepted, BatchIn, BatchOut, Listing, MessageIn, MessageList, MessageOut
from postroom.api.steering import Steered
from postroom.api.submissions import submit_batch, submit_message
from postroom.outbound import idempotency
from postroom.outbound.steer import Action, Choice, steer
from postroom.workspaces.keys import remembered_key, require_current
from postroom.workspaces.models import ApiKey

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Up to 255 characters; a repeated request within 24 h queues nothing"),
]

KEY = ApiKeyAuth(find=remembered_key)  # of who hands in messages

router = Router(tags=["messages"], by_alias=True)


@router.post("", auth=KEY, response={202: Accepted, **REFUSED}, summary="Send a message")
def post_message(request: KeyRequest, message: MessageIn, *, idempotency_key: IdempotencyKey = None) -> HttpResponse:
    """Stores, routes and queues a message in one transaction: after a 202 it cannot get lost."""

    def send(key: ApiKey) -> str:
        return answers.write_accepted(submit_message(message, key))

    return _accept(request, idempotency_key, send)


@router.post("/batch", auth=KEY, response={202: BatchOut, **REFUSED}, summary="Send up to 1,000 messages")
def post_batch(request: KeyRequest, batch: BatchIn, *, idempotency_key: IdempotencyKey = None) -> HttpResponse:
    """Queues the good messages in one transaction and tells what is wrong with the others, each by its index."""

    def send(key: ApiKey) -> str:
        return answers.write_batch(submit_batch(batch.messages, key))

    return _accept(request, idempotency_key, send)


@router.get("", response={200: MessageList, **REFUSED}, summary="List messages")
def list_messages(request: KeyRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Newest first; next_before leads to the next page."""
    found = search.list_messages(request.auth.workspace, listing)
    page = [answers.tell_summary(message, statuses) for message, statuses in found[: listing.limit]]
    return {"messages": page, "next_before": page[-1]["id"] if len(found) > listing.limit else None}


@router.get("/{uuid:message_id}", response={200: MessageOut, **REFUSED}, summary="See what became of a message")
def get_message(request: KeyRequest, message_id: UUID) -> dict[str, Any]:
    """The message with its routing and one delivery for each recipient."""
    found = search.find_message(request.auth.workspace, message_id)
    if found is None:
        raise NotFoundError("This workspace has no such message.")
    return answers.tell_message(found)


@router.post("/{uuid:message_id}/{action}", response={200: Steered, **REFUSED}, summary="Step in on one message")
def steer_message(request: KeyRequest, message_id: UUID, action: Action) -> dict[str, int]:
    """Retry, hold, release or cancel what has not left; canceled before leaves_at, nobody gets any of it."""
    workspace = request.auth.workspace
    if not search.has_message(workspace, message_id):
        raise NotFoundError("This workspace has no such message.")
    return {"changed": steer(workspace, action, Choice(messages=[message_id]))}


def _accept(request: KeyRequest, idempotency_key: str | None, send: Callable[[ApiKey], str]) -> HttpResponse:
    """The answer that `send` writes, or the one it wrote when this request came first."""
    # As it is written, so that ninja does not read and check it once more: a tenth of a request's time.
    if idempotency_key is None:
        return HttpResponse(as_caller(request, send), content_type="application/json", status=202)
    request_hash = idempotency.hash_json(request.body)

    def send_once(key: ApiKey) -> tuple[str, bool]:
        answer, is_replay = idempotency.once(
            key.workspace, idempotency_key, request_hash=request_hash, act=lambda: send(key)
        )
        if is_replay:  # otherwise storing the message has found out
            require_current(key)
        return answer, is_replay

    answer, is_replay = as_caller(request, send_once)
    replay = {"Idempotent-Replay": "true"} if is_replay else {}
    return HttpResponse(answer, content_type="application/json", status=202, headers=replay)
