"""How much mail of a workspace is red: what does a person still have to look at?"""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Func, IntegerField, OuterRef, QuerySet

from postroom.outbound import attention
from postroom.outbound.attention import MOST
from postroom.outbound.models import Delivery
from postroom.policy.notification import Way
from postroom.threads.models import Notification
from postroom.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Red:
    """`failed`: deliveries (`needing`); `unmade`: mail of posts that could not even be made; MOST of each at most."""

    failed: int
    unmade: int

    @property
    def total(self) -> int:
        return min(self.failed + self.unmade, MOST)


def red(workspace: Workspace) -> Red:
    """One query: every page asks."""
    unmade_here = unmade().filter(post__record__workspace=workspace)
    counts = Workspace.objects.filter(pk=workspace.pk).values_list(_count(needing(workspace)), _count(unmade_here))
    return Red(*counts.get())


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
