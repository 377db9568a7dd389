"""Which background jobs this app has; each may run twice without harm."""

from postroom.jobs import app
from postroom.outbound import queue
from postroom.outbound.worker import current

SWEEP_EVERY = "* * * * * */5"  # the sixth field is seconds: a deferred message leaves within five seconds of being due
STALLED_AFTER = 60.0


@app.task(name=queue.DRAIN_TASK, queue="lanes")
async def drain(lane: int) -> None:
    """Deliver what is due in a lane until it has been empty for a while."""
    await current().drain(lane)


@app.periodic(cron=SWEEP_EVERY)
@app.task(name="outbound.sweep", queue="chores", queueing_lock="outbound.sweep", pass_context=False)
async def sweep(timestamp: int) -> None:
    """Take over the deliveries of dead workers, then wake lanes that have due mail and no one who drains them."""
    await current().sweep()


@app.periodic(cron="* * * * *")
@app.task(name="outbound.retry_stalled_jobs", queue="chores", queueing_lock="outbound.retry_stalled_jobs")
async def retry_stalled_jobs(timestamp: int) -> None:
    """Put jobs of vanished workers back: procrastinate reports them, but retries none by itself."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        await app.job_manager.retry_job(job)
