"""How long is mail that came in kept? As long as mail that went out, and what waits for a person until one decides.

Of mail that is settled the raw content goes first – its thread has the words and the files – and the rows later. Small
transactions, a page each, as in outbound/retention.py.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone

from postroom.inbound.models import AddressProbe, IncomingContent, IncomingMessage, State
from postroom.workspaces.models import Workspace

log = structlog.get_logger()
Row = TypeVar("Row", bound=Model)
PAGE = 500
OPEN = (State.RECEIVED, State.UNROUTED)
# Mail that is nobody's here; only a pipe or a program hands in such.
NOBODYS_DAYS = 30
PROBE_DAYS = 400


def prune() -> dict[str, int]:
    """Remove, in all workspaces, what is older than they keep it; how many mails and contents."""
    now = timezone.now()
    pruned = {"contents": 0, "messages": 0}
    for workspace in Workspace.objects.all():
        pruned["messages"] += _in_pages(_settled(workspace, now - timedelta(days=workspace.history_days)), _delete)
        pruned["contents"] += _in_pages(_read(workspace, now - timedelta(days=workspace.body_days)), _empty)
    nobodys = IncomingMessage.objects.filter(
        workspace=None, content__received_at__lt=now - timedelta(days=NOBODYS_DAYS)
    ).exclude(state=State.RECEIVED)
    pruned["messages"] += _in_pages(nobodys, _delete)
    _in_pages(_orphaned(now - timedelta(days=1)), _delete)
    AddressProbe.objects.filter(sent_at__lt=now - timedelta(days=PROBE_DAYS)).delete()
    log.info("incoming.pruned", **pruned)
    return pruned


def _settled(workspace: Workspace, before: datetime) -> QuerySet[IncomingMessage]:
    old = IncomingMessage.objects.filter(workspace=workspace, content__received_at__lt=before)
    return old.exclude(state__in=OPEN)


def _read(workspace: Workspace, before: datetime) -> QuerySet[IncomingContent]:
    """Contents of which nothing waits, and that no other workspace has a part in: that one may keep it longer."""
    parts = IncomingMessage.objects.filter(content=OuterRef("pk"))
    others = parts.filter(Q(state__in=OPEN) | ~Q(workspace=workspace) | Q(workspace=None))
    old = IncomingContent.objects.filter(received_at__lt=before).exclude(raw=b"")
    return old.filter(Exists(parts.filter(workspace=workspace)), ~Exists(others))


def _orphaned(before: datetime) -> QuerySet[IncomingContent]:
    """Contents whose last mail was removed."""
    parts = IncomingMessage.objects.filter(content=OuterRef("pk"))
    return IncomingContent.objects.filter(~Exists(parts), received_at__lt=before)


def _delete(rows: QuerySet[Row]) -> int:
    return rows.delete()[0]


def _empty(contents: QuerySet[IncomingContent]) -> int:
    return contents.update(raw=b"", authenticate_at=None)


def _in_pages(rows: QuerySet[Row], remove: Callable[[QuerySet[Row]], int]) -> int:
    """Every page is of what is still to be removed, so that none is left out."""
    count = 0
    while page := list(rows.order_by("pk").values_list("pk", flat=True)[:PAGE]):
        remove(rows.model._default_manager.filter(pk__in=page))
        count += len(page)
    return count
