"""Which background jobs this app has; each may run twice without harm."""

import asyncio
import time

import structlog

from postroom.jobs import app, in_own_thread, in_thread
from postroom.webhooks import deliver
from postroom.webhooks.models import Webhook
from postroom.workspaces.identity import captures

log = structlog.get_logger()
LOOK_SECONDS = 1.0
SHIFT_SECONDS = 57.0  # the next job begins every full minute
AT_ONCE = 8  # webhooks: a slow one keeps no other waiting


@app.periodic(cron="* * * * *")
@app.task(name="webhooks.deliver", queue="chores", queueing_lock="webhooks.deliver")
async def deliver_events(timestamp: int) -> None:
    """Tell webhooks what happens in the coming minute; over at once where nobody has one."""
    if await in_thread(captures):  # programs that wait for news of the original would take the copy's for it
        return
    if await in_thread(Webhook.objects.filter(is_active=True).exists):
        await look_after(SHIFT_SECONDS)


async def look_after(seconds: float) -> None:
    """Post what is due or becomes so within `seconds`; then finish what was begun."""
    end = time.monotonic() + seconds
    at_work: dict[int, asyncio.Task[None]] = {}
    while time.monotonic() < end:
        at_work = {webhook: telling for webhook, telling in at_work.items() if not telling.done()}
        for webhook in await in_thread(deliver.with_due_events):
            if webhook not in at_work and len(at_work) < AT_ONCE:
                at_work[webhook] = asyncio.create_task(_tell(webhook))
        await asyncio.sleep(LOOK_SECONDS)
    await asyncio.gather(*at_work.values())


async def _tell(webhook: int) -> None:
    try:
        await in_own_thread(deliver.tell, webhook)
    except Exception:
        log.exception("webhook.interrupted", webhook=webhook)
