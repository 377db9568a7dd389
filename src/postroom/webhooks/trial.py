"""Does a webhook work? One event made for it, posted at once, that is stored nowhere and counts for nothing."""

from dataclasses import dataclass
from uuid import uuid4

from django.utils import timezone

from postroom.policy.webhook import is_delivered
from postroom.webhooks.deliver import post_event, reach
from postroom.webhooks.models import Webhook, WebhookEvent


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether the receiver took it, and its answer in words."""

    delivered: bool
    answer: str


def try_out(webhook: Webhook) -> Trial:
    event = WebhookEvent(id=uuid4(), type="webhook.test", payload={}, created_at=timezone.now())
    with reach(webhook) as receiver:
        answer = post_event(receiver, webhook, event)
    return Trial(is_delivered(answer.status), answer.words)
