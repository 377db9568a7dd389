"""How does an event reach the programs that want to know: claimed, posted, and taken out of the outbox or put off."""

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from time import time

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from postroom import __version__
from postroom.policy.webhook import FAULTS_TO_REST, GONE, LIFETIME, WORTH_TELLING, is_delivered, next_delay
from postroom.rfc.standard_webhooks import sign
from postroom.webhooks.models import Webhook, WebhookEvent
from postroom.webhooks.receiver import POST_SECONDS, Answer, Receiver
from postroom.webhooks.subscriptions import ALERT
from postroom.workspaces.alerts import clear_alert, raise_alert

log = structlog.get_logger()
AT_ONCE = 20  # events a claim
# Nobody else takes what was claimed before all of it can have been posted; what a dead process had comes back then.
LEASE = timedelta(seconds=AT_ONCE * POST_SECONDS)


def with_due_events() -> list[int]:
    """The webhooks that something is to be told now."""
    due = WebhookEvent.objects.filter(webhook=OuterRef("pk"), due_at__lte=Now())
    return list(_awake().filter(Exists(due)).values_list("pk", flat=True))


def tell(webhook_id: int) -> None:
    """Post what is due, until nothing is or the webhook must rest."""
    found = _awake().filter(pk=webhook_id)
    if (webhook := found.first()) is None:
        return
    with reach(webhook) as receiver:
        while webhook and (events := _claim(webhook)):
            _tell(webhook, events, receiver)
            webhook = found.first()


def post_event(receiver: Receiver, webhook: Webhook, event: WebhookEvent) -> Answer:
    """What the receiver says to one event, whether stored or made for a trial."""
    fact = {"type": event.type, "timestamp": event.created_at.isoformat(), "data": event.payload}
    body = json.dumps(fact, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": f"Postroom/{__version__}"}
    return receiver.post(body, headers | sign(webhook.secret, body, id_=f"evt_{event.pk}", timestamp=int(time())))


def reach(webhook: Webhook) -> Receiver:
    """A workspace of a hosted installation has no business in the network of whoever hosts it."""
    return Receiver(webhook.url, may_be_private=not settings.POSTROOM.hosted)


def _awake() -> QuerySet[Webhook]:
    rested = Q(rests_until=None) | Q(rests_until__lte=Now())
    return Webhook.objects.select_related("workspace").filter(rested, is_active=True)


@transaction.atomic
def _claim(webhook: Webhook) -> list[WebhookEvent]:
    due = WebhookEvent.objects.filter(webhook=webhook, due_at__lte=Now()).order_by("due_at")
    events = list(due.select_for_update(skip_locked=True)[:AT_ONCE])
    WebhookEvent.objects.filter(pk__in=[event.pk for event in events]).update(due_at=Now() + LEASE)
    return events


def _tell(webhook: Webhook, events: Sequence[WebhookEvent], receiver: Receiver) -> None:
    for number, event in enumerate(events, start=1):
        answer = post_event(receiver, webhook, event)
        if is_delivered(answer.status):
            event.delete()
            _note_success(webhook)
            continue
        _put_off(event)
        _note_fault(webhook, answer)
        if webhook.rests_until or not webhook.is_active:
            left = [event.pk for event in events[number:]]
            WebhookEvent.objects.filter(pk__in=left).update(due_at=Now())
            return


def _put_off(event: WebhookEvent) -> None:
    if event.created_at < timezone.now() - LIFETIME:
        log.warning("webhook_event.dropped", id=str(event.pk), type=event.type)
        event.delete()
        return
    event.failures += 1
    due_at = timezone.now() + _wait(event.failures)
    WebhookEvent.objects.filter(pk=event.pk).update(failures=event.failures, due_at=due_at)


def _note_success(webhook: Webhook) -> None:
    was_failing = webhook.failing_since is not None
    webhook.faults, webhook.failing_since, webhook.fault = 0, None, ""
    webhook.delivered_at = timezone.now()
    _keep(webhook)
    if was_failing:
        clear_alert(webhook.workspace, ALERT, str(webhook.pk))


def _note_fault(webhook: Webhook, answer: Answer) -> None:
    now = timezone.now()
    webhook.faults += 1
    webhook.fault = answer.words
    webhook.failing_since = failing_since = webhook.failing_since or now
    if webhook.faults >= FAULTS_TO_REST:
        webhook.rests_until = now + _wait(webhook.faults - FAULTS_TO_REST + 1)
    webhook.is_active = answer.status != GONE and now - failing_since < LIFETIME
    _keep(webhook)
    log.info("webhook.failed", webhook=webhook.pk, faults=webhook.faults, answer=answer.words)
    if not webhook.is_active:
        webhook.outbox.all().delete()
    if not webhook.is_active or now - failing_since >= WORTH_TELLING:
        _alert(webhook)


def _keep(webhook: Webhook) -> None:
    """As `save`, for a row that may have been removed meanwhile."""
    fields = ("faults", "failing_since", "fault", "delivered_at", "rests_until", "is_active")
    Webhook.objects.filter(pk=webhook.pk, is_active=True).update(**{name: getattr(webhook, name) for name in fields})


def _alert(webhook: Webhook) -> None:
    outlook = (
        "Events wait, and are tried again for three days."
        if webhook.is_active
        else f"It is no longer called. Once it works, `postroom webhook enable {webhook.pk}` goes on."
    )
    since = f"{webhook.failing_since:%Y-%m-%d %H:%M} UTC"
    what_happened = f"The webhook {webhook.url} has taken nothing since {since}: {webhook.fault}."
    raise_alert(webhook.workspace, ALERT, str(webhook.pk), what_happened=what_happened, what_to_do=outlook)


def _wait(failures: int) -> timedelta:
    return timedelta(seconds=next_delay(failures, jitter=random.random()))  # noqa: S311 – no secret
