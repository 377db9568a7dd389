"""Which background jobs this app has; each may run twice without harm."""

from typing import Any

import structlog
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from postroom.jobs import app, in_own_thread, in_thread
from postroom.outbound import alert_news, failover, failures, history, idempotency, outlets, retention, steer
from postroom.workspaces.models import Workspace

log = structlog.get_logger()
STALLED_AFTER = 60.0


@app.periodic(cron="* * * * *")
@app.task(name="outbound.retry_stalled_jobs", queue="chores", queueing_lock="outbound.retry_stalled_jobs")
async def retry_stalled_jobs(timestamp: int) -> None:
    """Put jobs of vanished workers back: procrastinate reports them, but retries none by itself."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:  # the same job waits already
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        except ConnectorException as error:  # another worker was first
            log.warning("job.not_retried", job=job.id, task=job.task_name, error=str(error).strip())


@app.periodic(cron="* * * * *")
@app.task(name="outbound.divert_around_faults", queue="chores", queueing_lock="outbound.divert_around_faults")
async def divert_around_faults(timestamp: int) -> None:
    """Let mail of servers with faults leave through others that may send for the same From."""
    await in_thread(failover.divert_around_faults)


@app.periodic(cron="*/5 * * * *")
@app.task(name="outbound.fold_usage", queue="chores", queueing_lock="outbound.fold_usage")
async def fold_usage(timestamp: int) -> None:
    """Keep the ledger of limits small."""
    await in_thread(outlets.fold_usage)


@app.periodic(cron="* * * * *")
@app.task(name="outbound.count_attempts", queue="chores", queueing_lock="outbound.count_attempts")
async def count_attempts(timestamp: int) -> None:
    """Add the new attempts to the numbers that Home and Monitor show."""
    await in_own_thread(history.count_attempts)


@app.periodic(cron="17 * * * *")
@app.task(name="outbound.prune_idempotency_keys", queue="chores", queueing_lock="outbound.prune_idempotency_keys")
async def prune_idempotency_keys(timestamp: int) -> None:
    """Forget the keys of repeated submissions after 24 hours."""
    await in_thread(idempotency.prune)


@app.periodic(cron="* * * * *")
@app.task(name="outbound.follow_failures", queue="chores", queueing_lock="outbound.follow_failures")
async def follow_failures(timestamp: int) -> None:
    """Give up what waited too long, then tell authors and count faults, as long as there is anything."""
    for step in (failures.expire, failures.follow):
        while await in_thread(step) == failures.AT_ONCE:
            pass


@app.periodic(cron="* * * * *")
@app.task(name="outbound.tell_alerts", queue="chores", queueing_lock="outbound.tell_alerts")
async def tell_alerts(timestamp: int) -> None:
    """Tell programs of new alerts, and people of broken accounts."""
    await in_thread(alert_news.tell)


@app.periodic(cron="41 2 * * *")
@app.task(name="outbound.prune", queue="chores", queueing_lock="outbound.prune")
async def prune(timestamp: int) -> None:
    """Remove what need not be kept any longer, at an hour when little mail leaves."""
    await in_thread(retention.prune)


@app.task(name="outbound.steer_many", queue="chores")
async def steer_many(workspace: int, action: str, choice: dict[str, Any]) -> None:
    """What a person wants done to more deliveries than a page can wait for."""
    await in_own_thread(_steer_many, workspace, steer.Action(action), steer.Choice.from_json(choice))


def _steer_many(workspace: int, action: steer.Action, choice: steer.Choice) -> None:
    steer.steer_all(Workspace.objects.get(pk=workspace), action, choice)
