"""Which mail should a person look at, and why did it come to that?"""

from collections import Counter
from dataclasses import dataclass

from django.db.models import OuterRef, QuerySet, Subquery

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


def needing(workspace: Workspace) -> QuerySet[Delivery]:
    """Deliveries that came to nothing, may have arrived, or are held."""
    return Delivery.objects.filter(workspace=workspace, status__in=sorted(NEEDS_A_PERSON))


def failures(needing: QuerySet[Delivery]) -> list[FailureGroup]:
    """The newest MOST of them by state and cause, the most frequent first; one query."""
    last_try = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-pk").values("cause")[:1]
    rows = list(needing.order_by("-pk").values_list("status", Subquery(last_try), "reason")[:MOST])
    reasons = {(status, cause or reason): (cause or "", reason) for status, cause, reason in rows}
    counts = Counter((status, cause or reason) for status, cause, reason in rows)
    return [FailureGroup(Status(key[0]), *reasons[key], count) for key, count in counts.most_common()]
