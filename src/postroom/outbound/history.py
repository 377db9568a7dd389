"""What was tried when? Attempts by quarters of an hour: a month of a million mails is some thousand rows.

Every minute a job counts what is new; what came since is counted when somebody looks. A quarter of an hour is the
coarsest part of which the days of every time zone are made.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Sum
from django.db.models.expressions import Combinable

from postroom.outbound.metrics import SETTLED_AFTER
from postroom.outbound.models import Attempt, CountedTo, Quarter
from postroom.outbound.statements import statement
from postroom.workspaces.models import Workspace

AT_ONCE = 50_000  # attempts a transaction
KEPT = timedelta(days=100)  # more than any page asks for
# A kind of count, and where the attempts themselves say it.
_KINDS = {"outcome": "outcome", "server_name": "server_name", "stream": "delivery__lane__stream"}


def count_attempts() -> None:
    """Count what is new; the first time, all there is."""
    while _count_some():
        pass


def tried(
    workspace: Workspace, kind: str, *, since: datetime, by: Combinable, only: str = ""
) -> Iterable[tuple[str, Any, int]]:
    """How many attempts, by `kind` (outcome, server_name or stream) and by what `by` makes of the time `at`.

    `only` is one outcome, "" all. A part may be told in several rows. Four queries.
    """
    chosen = {"at__gte": since, **({"outcome": only} if only else {})}
    counted_to = _counted_to()
    while True:
        quarters = Quarter.objects.filter(workspace=workspace, **chosen)
        newer = Attempt.objects.filter(pk__gt=counted_to, delivery__workspace=workspace, **chosen)
        rows = [
            *quarters.values_list(kind, by).annotate(count=Sum("attempts")).order_by(),
            *newer.values_list(F(_KINDS[kind]), by).annotate(count=Count("pk")).order_by(),
        ]
        # Counted meanwhile: some would be in both or in neither.
        before, counted_to = counted_to, _counted_to()
        if before == counted_to:
            return rows


def _counted_to() -> int:
    """The number of the last attempt that is counted in a quarter."""
    return CountedTo.objects.values_list("attempt", flat=True).first() or 0


@transaction.atomic
def _count_some() -> bool:
    """Whether there may be more."""
    CountedTo.objects.bulk_create([CountedTo(pk=1, attempt=0)], ignore_conflicts=True)
    place = CountedTo.objects.select_for_update().get()
    with connection.cursor() as cursor:
        arguments: dict[str, Any] = {"counted_to": place.attempt, "at_once": AT_ONCE, "settled_after": SETTLED_AFTER}
        cursor.execute(statement("count_quarters"), arguments)
        counted_to = cursor.fetchone()[0]
    if counted_to is None:
        return False
    CountedTo.objects.update(attempt=counted_to)
    return True
