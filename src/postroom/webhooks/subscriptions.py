"""Which webhooks does a workspace have, and how do they come and go?"""

import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Count, QuerySet

from postroom.errors import PostroomError
from postroom.policy.webhook import Event
from postroom.rfc.standard_webhooks import write_secret
from postroom.webhooks.models import Webhook
from postroom.workspaces.alerts import clear_alert
from postroom.workspaces.audit import record_change, record_removal, snapshot
from postroom.workspaces.models import Workspace

MOST = 20  # each event is a row for each of them
SECRET_BYTES = 32
ALERT = "webhook_failing"


class WebhookUrlError(PostroomError):
    """A webhook's address begins with https:// or http://, names a host and holds neither password nor blanks."""

    code = "invalid_webhook_url"


class TooManyWebhooksError(PostroomError):
    """A workspace has at most 20 webhooks; remove one first, or tell several events to the same one."""

    code = "too_many_webhooks"


def add_webhook(workspace: Workspace, url: str, *, events: Iterable[Event] = tuple(Event), by: str) -> Webhook:
    """A new webhook; its `secret` is shown to whoever adds it, and to nobody after that."""
    _check_url(url)
    with transaction.atomic():
        list(Workspace.objects.select_for_update().filter(pk=workspace.pk))  # two at once count each other
        if workspace.webhooks.count() >= MOST:
            raise TooManyWebhooksError
        secret = write_secret(secrets.token_bytes(SECRET_BYTES))
        webhook = Webhook.objects.create(
            workspace=workspace, url=url, secret=secret, events=sorted({event.value for event in events})
        )
        record_change(webhook, workspace=workspace, by=by, before=None)
    return webhook


def webhooks_of(workspace: Workspace) -> QuerySet[Webhook]:
    """Oldest first; `waiting` is how many events each has yet to be told."""
    return Webhook.objects.filter(workspace=workspace).annotate(waiting=Count("outbox")).order_by("pk")


@transaction.atomic
def remove_webhook(webhook: Webhook, *, by: str) -> None:
    """With what it has not been told yet."""
    record_removal(webhook, workspace=webhook.workspace, by=by)
    clear_alert(webhook.workspace, ALERT, str(webhook.pk))
    webhook.delete()


@transaction.atomic
def enable_webhook(webhook: Webhook, *, by: str) -> None:
    """Tell it again what happens from now on, after it was given up."""
    before = snapshot(webhook)
    webhook.is_active, webhook.failing_since, webhook.rests_until, webhook.faults = True, None, None, 0
    webhook.save(update_fields=["is_active", "failing_since", "rests_until", "faults"])
    record_change(webhook, workspace=webhook.workspace, by=by, before=before)
    clear_alert(webhook.workspace, ALERT, str(webhook.pk))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise WebhookUrlError(field="url") from None
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 2_000
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or not is_plain:
        raise WebhookUrlError(field="url")
