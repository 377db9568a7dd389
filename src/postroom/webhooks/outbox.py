"""How does a part of Postroom tell programs that something happened?"""

from collections.abc import Mapping
from typing import Any

from postroom.policy.webhook import Event
from postroom.webhooks.models import Webhook, WebhookEvent
from postroom.workspaces.models import Workspace


def emit(workspace: Workspace, event: Event, payload: Mapping[str, Any]) -> None:
    """Tell the workspace's webhooks that want to know; `payload` is what JSON can say, without secrets or content.

    Call it in the transaction of what happened: either both are stored or none. It leaves within seconds.
    """
    webhooks = Webhook.objects.filter(workspace=workspace, is_active=True, events__contains=[event.value])
    WebhookEvent.objects.bulk_create(
        [WebhookEvent(webhook=webhook, type=event.value, payload=dict(payload)) for webhook in webhooks]
    )
