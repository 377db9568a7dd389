"""What does a person still have to look at: how much mail is red, and how much in their inbox unread?"""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Func, IntegerField, OuterRef, QuerySet

from postroom.outbound import attention
from postroom.outbound.attention import MOST
from postroom.outbound.models import Delivery
from postroom.policy.notification import Way
from postroom.threads import inbox
from postroom.threads.models import Notification
from postroom.workspaces.models import User, Workspace


@dataclass(frozen=True, slots=True)
class Red:
    """`failed`: deliveries (`needing`); `unmade`: mail of posts that could not even be made; MOST of each at most."""

    failed: int
    unmade: int

    @property
    def total(self) -> int:
        return min(self.failed + self.unmade, MOST)


@dataclass(frozen=True, slots=True)
class Glance:
    """What every page shows of conversations: how much of a person's inbox is unread, MOST at most, and what is red."""

    unread: int
    red: Red


def glance(user: User, workspace: Workspace) -> Glance:
    """One query: every page asks."""
    wanted = (inbox.unread(user, workspace), needing(workspace), unmade().filter(post__record__workspace=workspace))
    unread, failed, not_made = Workspace.objects.filter(pk=workspace.pk).values_list(*map(_count, wanted)).get()
    return Glance(unread, Red(failed, not_made))


def needing(workspace: Workspace) -> QuerySet[Delivery]:
    """Deliveries to look at, without those that somebody leaves as they are."""
    left_so = Notification.objects.filter(
        message=OuterRef("message"), address__iexact=OuterRef("recipient"), ignored_at__isnull=False
    )
    return attention.needing(workspace).exclude(Exists(left_so))


def unmade() -> QuerySet[Notification]:
    """Whom no mail could be made for, of all workspaces; nobody leaves it so."""
    return Notification.objects.filter(way=Way.EMAIL.value, message=None, ignored_at=None).exclude(refusal="")


def _count(rows: QuerySet[Any]) -> Func:
    """How many, MOST at most, as a part of another query."""
    return Func(ArraySubquery(rows.order_by().values("pk")[:MOST]), function="cardinality", output_field=IntegerField())
