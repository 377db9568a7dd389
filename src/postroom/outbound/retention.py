"""How long is mail kept? Removes contents, then all that is known of a message, once nothing of it waits any more.

Small transactions, a page of messages each: no lock is held long, and autovacuum keeps up with what they leave behind.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from postroom.outbound import history
from postroom.outbound.models import Delivery, Message, MessageContent, Quarter, Standing, Suppression
from postroom.policy.status import FINAL
from postroom.workspaces.models import Alert, Workspace

log = structlog.get_logger()
PAGE = 500  # messages a transaction
# A standing this old has lost 98 % of its weight.
STANDING_DAYS = 180
ALERT_DAYS = 180  # of those that are over


def prune() -> dict[str, int]:
    """Remove, in all workspaces, what is older than they keep it; how many contents and messages."""
    now = timezone.now()
    pruned = {"contents": 0, "messages": 0}
    for workspace in Workspace.objects.all():
        # Messages first: what goes with them need not be removed twice.
        pruned["messages"] += _prune(workspace, now - timedelta(days=workspace.history_days), _remove_messages)
        pruned["contents"] += _prune(workspace, now - timedelta(days=workspace.body_days), _remove_contents)
    Suppression.objects.filter(expires_at__lt=now).delete()
    Standing.objects.filter(counted_at__lt=now - timedelta(days=STANDING_DAYS)).delete()
    Quarter.objects.filter(at__lt=now - history.KEPT).delete()
    Alert.objects.filter(resolved_at__lt=now - timedelta(days=ALERT_DAYS)).delete()
    log.info("mail.pruned", **pruned)
    return pruned


def _prune(workspace: Workspace, before: datetime, remove: Callable[[list[UUID]], int]) -> int:
    return sum(remove(page) for page in _pages(workspace, before))


def _pages(workspace: Workspace, before: datetime) -> Iterator[list[UUID]]:
    """Messages that were to leave `before`, and of which nothing waits, oldest first."""
    unfinished = Delivery.objects.filter(message=OuterRef("pk")).exclude(status__in=FINAL)
    old = Message.objects.filter(
        Q(scheduled_at=None) | Q(scheduled_at__lt=before),
        ~Exists(unfinished),
        workspace=workspace,
        created_at__lt=before,
    )
    after = UUID(int=0)
    # The identifiers are of the moment of submission: bounded by them, nothing younger is looked at.
    ids = old.filter(pk__lt=_first_id_of(before)).order_by("pk").values_list("pk", flat=True)
    while page := list(ids.filter(pk__gt=after)[:PAGE]):
        yield page
        after = page[-1]


def _remove_contents(messages: list[UUID]) -> int:
    return MessageContent.objects.filter(pk__in=messages).delete()[0]


def _remove_messages(messages: list[UUID]) -> int:
    """With their contents, deliveries and attempts, by the ORM: what will refer to them some day goes as well."""
    Message.objects.filter(pk__in=messages).delete()
    return len(messages)


def _first_id_of(moment: datetime) -> UUID:
    """The least identifier of a message from then on: RFC 9562 §5.7, milliseconds first."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
