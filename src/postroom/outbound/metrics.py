"""How does the installation fare, in numbers for a monitoring system?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Min
from django.utils import timezone

from postroom.outbound.models import Delivery, Lane, Tally
from postroom.outbound.statements import statement
from postroom.parts import state
from postroom.policy.status import WAITING, Status
from postroom.rfc.exposition import Metric
from postroom.servers.endpoints import DEFAULT_SERVER_NAME
from postroom.webhooks.models import WebhookEvent
from postroom.workspaces.alerts import open_alerts

# An attempt is counted once whatever has a lower number is committed too, which takes milliseconds.
SETTLED_AFTER = timedelta(seconds=30)
# Each is answered by an index of its own; all states at once would read the history as well.
_QUEUE = (WAITING, {Status.ACTIVE}, {Status.HELD, Status.UNKNOWN})


def read_metrics() -> list[Metric]:
    """For the whole installation. Takes as long as counting what waits."""
    queue = [row for statuses in _QUEUE for row in _count(statuses)]
    lanes = _lane_labels()
    return [
        Metric(
            "postroom_deliveries",
            "gauge",
            "Deliveries that are not finished, by server, stream and status.",
            [({**lanes[row["lane"]], "status": row["status"]}, row["count"]) for row in queue],
        ),
        Metric(
            "postroom_oldest_due_seconds",
            "gauge",
            "How long the delivery that waits longest could have left already.",
            [(lanes[lane], seconds) for lane, seconds in _seconds_late(queue).items()],
        ),
        Metric("postroom_attempts_total", "counter", "Attempts by outcome, 30 seconds late.", list(_attempts())),
        Metric("postroom_processes", "gauge", "Processes that are alive, by part.", list(_processes())),
        Metric("postroom_open_alerts", "gauge", "What a person should mend, by kind.", list(_alerts())),
        Metric(
            "postroom_webhook_events", "gauge", "Events not told yet.", [({}, WebhookEvent.objects.count())]
        ),
    ]  # fmt: skip


def _count(statuses: AbstractSet[Status]) -> Iterable[Mapping[str, Any]]:
    unfinished = Delivery.objects.filter(status__in=sorted(statuses)).order_by().values("lane", "status")
    return unfinished.annotate(count=Count("pk"), oldest=Min("due_at"))


def _seconds_late(queue: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """Of each lane where something could leave now."""
    now = timezone.now()
    late: dict[int, float] = {}
    for row in queue:
        seconds = (now - row["oldest"]).total_seconds()
        if row["status"] in WAITING and seconds >= late.get(row["lane"], 0):
            late[row["lane"]] = seconds
    return late


def _lane_labels() -> dict[int, Mapping[str, str]]:
    lanes = Lane.objects.values_list("pk", "stream", "outlet__server__name", "outlet__server__workspace__slug")
    return {
        lane: {"workspace": workspace or "", "server": server or DEFAULT_SERVER_NAME, "stream": stream}
        for lane, stream, server, workspace in lanes
    }


def _attempts() -> Iterator[tuple[Mapping[str, str], float]]:
    """Goes on where the last count ended: nothing is counted while nobody asks."""
    Tally.objects.bulk_create([Tally(outcome="", attempts=0)], ignore_conflicts=True)
    with transaction.atomic(), connection.cursor() as cursor:
        place = Tally.objects.select_for_update().get(outcome="")
        arguments: dict[str, Any] = {"counted_to": place.attempts, "settled_after": SETTLED_AFTER}
        cursor.execute(statement("tally_attempts"), arguments)
    tallied = dict(Tally.objects.values_list("outcome", "attempts"))
    for outcome in (Status.SENT, Status.DEFERRED, Status.BOUNCED, Status.EXPIRED, Status.UNKNOWN):
        yield {"outcome": outcome.value}, tallied.get(outcome.value, 0)


def _processes() -> Iterator[tuple[Mapping[str, str], float]]:
    for name, part in state.state().items():
        yield {"part": name}, part.processes


def _alerts() -> Iterator[tuple[Mapping[str, str], float]]:
    for kind, count in Counter(open_alerts().values_list("kind", flat=True)).items():
        yield {"kind": kind}, count
