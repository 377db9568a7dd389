"""What of a workspace's mail a person should look at, and why it came to that."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from postroom.outbound.models import Attempt, Delivery
from postroom.policy.status import NEEDS_A_PERSON, Status
from postroom.workspaces.models import Workspace

MOST = 1000  # counted no further: nobody reads a bigger number, and a day of failures may leave millions


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Deliveries in one state for one cause: its id in policy.causes, or empty. `reason` is what one of them says."""

    status: Status
    cause: str
    reason: str
    count: int


def failed_count(workspace: Workspace) -> int:
    """Deliveries that came to nothing, may have arrived, or are held; MOST at most."""
    return Delivery.objects.filter(workspace=workspace, status__in=sorted(NEEDS_A_PERSON))[:MOST].count()


def failures(workspace: Workspace) -> list[FailureGroup]:
    """The newest MOST of them by state and cause, the most frequent first; one query."""
    last_try = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-pk").values("cause")[:1]
    needing = Delivery.objects.filter(workspace=workspace, status__in=sorted(NEEDS_A_PERSON))
    rows = list(needing.order_by("-pk").values_list("status", Subquery(last_try), "reason")[:MOST])
    reasons = {(status, cause or reason): (cause or "", reason) for status, cause, reason in rows}
    counts = Counter((status, cause or reason) for status, cause, reason in rows)
    return [FailureGroup(Status(key[0]), *reasons[key], count) for key, count in counts.most_common()]
