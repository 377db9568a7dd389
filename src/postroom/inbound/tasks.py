"""Which background jobs this app has; each may run twice without harm."""

from postroom.inbound import handle, probes, retention
from postroom.inbound.authenticate import authenticate_received
from postroom.inbound.mailboxes import trial
from postroom.inbound.receive import HANDLE_TASK
from postroom.jobs import app, in_own_thread


@app.task(name=HANDLE_TASK, queue="inbound", queueing_lock=HANDLE_TASK)
async def handle_received() -> None:
    """Handle what was received; whoever receives something asks for it. Then see who sent it."""
    await in_own_thread(handle.handle_received)
    await in_own_thread(authenticate_received)


@app.periodic(cron="* * * * *")
@app.task(name="inbound.look_for_received", queue="inbound", queueing_lock="inbound.look_for_received")
async def look_for_received(timestamp: int) -> None:
    """The same for what was stored by a process that died before it could ask, and for what is tried again."""
    await in_own_thread(handle.handle_received)


@app.task(name=trial.TASK, queue="chores")
async def try_incoming_server(server_id: int) -> None:
    """What a person asked for on a page or by the API."""
    await in_own_thread(trial.run, server_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="inbound.judge_probes", queue="chores", queueing_lock="inbound.judge_probes")
async def judge_probes(timestamp: int) -> None:
    """Say which addresses do not work, since their probe has not come back."""
    await in_own_thread(probes.judge_lost)


@app.periodic(cron="7 4 * * *")
@app.task(name="inbound.send_probes", queue="chores", queueing_lock="inbound.send_probes")
async def send_probes(timestamp: int) -> None:
    """Probe addresses again that were probed a week ago."""
    await in_own_thread(probes.send_due)


@app.periodic(cron="51 2 * * *")
@app.task(name="inbound.prune", queue="chores", queueing_lock="inbound.prune")
async def prune(timestamp: int) -> None:
    """Remove what is kept no longer, after the same is done with mail that went out."""
    await in_own_thread(retention.prune)
