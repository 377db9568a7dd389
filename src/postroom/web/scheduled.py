"""What runs by itself: the periodic jobs, when each began last and begins next, and how one is begun now."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob, ProcrastinatePeriodicDefer
from procrastinate.exceptions import AlreadyEnqueued

from postroom.errors import PostroomError
from postroom.jobs import app


class AlreadyAskedError(PostroomError):
    """It is to run already, as soon as a worker is free."""

    code = "already_asked"


@dataclass(frozen=True, slots=True)
class Action:
    """A periodic job. `waits`: it is to run now, or runs. `failed_at` is when it failed last, None for never."""

    name: str
    cron: str
    last_at: datetime | None
    next_at: datetime
    waits: bool
    failed_at: datetime | None


def actions() -> list[Action]:
    """By name; three queries."""
    ticks = ProcrastinatePeriodicDefer.objects.values_list("task_name").annotate(Max("defer_timestamp"))
    begun = dict(ticks.order_by())
    jobs = ProcrastinateJob.objects.filter(status__in=["todo", "doing"])
    waiting = set(jobs.values_list("task_name", flat=True).distinct())
    failures = ProcrastinateEvent.objects.filter(type="failed", job__status="failed")
    failed = dict(failures.values_list("job__task_name").annotate(Max("at")).order_by())
    now = timezone.now()
    found = []
    for periodic in app.periodic_registry.periodic_tasks.values():
        name, last = periodic.task.name, begun.get(periodic.task.name)
        found.append(
            Action(
                name=name,
                cron=periodic.cron,
                last_at=datetime.fromtimestamp(last, UTC) if last else None,
                next_at=datetime.fromtimestamp(periodic.croniter.get_next(float, start_time=now), UTC),
                waits=name in waiting,
                failed_at=failed.get(name),
            )
        )
    return sorted(found, key=lambda action: action.name)


def run_now(name: str) -> None:
    """KeyError for a name that no periodic job has, AlreadyAskedError."""
    task = {periodic.task.name: periodic.task for periodic in app.periodic_registry.periodic_tasks.values()}[name]
    job = app.configure_task(name, queue=task.queue, queueing_lock=task.queueing_lock)
    try:
        with transaction.atomic():  # a refusal must not end one around it
            job.defer(timestamp=int(timezone.now().timestamp()))
    except AlreadyEnqueued:
        raise AlreadyAskedError from None
