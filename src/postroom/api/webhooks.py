"""How does a program say where it wants to be told what became of mail?"""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import RequestBody
from postroom.policy.webhook import Event
from postroom.webhooks import subscriptions
from postroom.webhooks.models import Webhook
from postroom.webhooks.trial import Trial, try_out

router = Router(tags=["webhooks"])


class WebhookIn(RequestBody):
    """Where to post, and what."""

    url: Annotated[str, Field(max_length=2_000, description="With https, or inside your own network http")]
    events: Annotated[list[Event] | None, Field(min_length=1, description="Absent: all there are now")] = None


class WebhookOut(BaseModel):
    """A webhook and how it fares."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    url: str
    events: list[str]
    is_active: Annotated[bool, Field(description="False: it failed for three days, or answered 410 Gone")]
    created_at: datetime
    delivered_at: Annotated[datetime | None, Field(description="When it took an event last")]
    waiting: Annotated[int, Field(description="Events it has not been told yet")] = 0
    failing_since: datetime | None
    fault: Annotated[str, Field(description="Why it could not be told last")]


class WebhookAdded(WebhookOut):
    """A new webhook."""

    secret: Annotated[str, Field(description="To check signatures with; shown this once")]


class WebhookList(BaseModel):
    """All webhooks of a workspace, oldest first."""

    webhooks: list[WebhookOut]


class Tried(BaseModel):
    """What a webhook answered to a trial."""

    model_config = ConfigDict(from_attributes=True)

    delivered: bool
    answer: str


@router.post("", response={201: WebhookAdded, **REFUSED}, summary="Add a webhook")
def add_webhook(request: KeyRequest, wanted: WebhookIn) -> Status[Webhook]:
    """From now on the URL is told of the events; keep the secret, which is shown this once."""
    events = wanted.events or tuple(Event)
    return Status(201, subscriptions.add_webhook(request.auth.workspace, wanted.url, events=events, by=_by(request)))


@router.get("", response={200: WebhookList, **REFUSED}, summary="List webhooks")
def list_webhooks(request: KeyRequest) -> dict[str, Any]:
    """With what waits for each, and why."""
    return {"webhooks": list(subscriptions.webhooks_of(request.auth.workspace))}


@router.delete("/{int:webhook_id}", response={204: None, **REFUSED}, summary="Remove a webhook")
def remove_webhook(request: KeyRequest, webhook_id: int) -> HttpResponse:
    """With the events it has not been told yet."""
    subscriptions.remove_webhook(_find(request, webhook_id), by=_by(request))
    return HttpResponse(status=204)


@router.post("/{int:webhook_id}/enable", response={200: WebhookOut, **REFUSED}, summary="Go on with a webhook")
def enable_webhook(request: KeyRequest, webhook_id: int) -> Webhook:
    """After it failed for so long that it was given up; it is told what happens from now on."""
    webhook = _find(request, webhook_id)
    subscriptions.enable_webhook(webhook, by=_by(request))
    return webhook


@router.post("/{int:webhook_id}/test", response={200: Tried, **REFUSED}, summary="Try a webhook")
def test_webhook(request: KeyRequest, webhook_id: int) -> Trial:
    """Posts an event of the type webhook.test at once, and says what the receiver answered."""
    return try_out(_find(request, webhook_id))


def _find(request: KeyRequest, webhook_id: int) -> Webhook:
    found = subscriptions.webhooks_of(request.auth.workspace).filter(pk=webhook_id).first()
    if found is None:
        raise NotFoundError("This workspace has no such webhook.")
    return found


def _by(request: KeyRequest) -> str:
    return f"API key {request.auth.name}"
