"""Which background jobs this app has; each may run twice without harm."""

from django.conf import settings
from django.utils import timezone

from postroom.domains import reports, rotation
from postroom.domains.resolver import Resolver
from postroom.jobs import app, in_own_thread


@app.periodic(cron="*/15 * * * *")
@app.task(name="domains.rotate_dkim_keys", queue="chores", queueing_lock="domains.rotate_dkim_keys")
async def rotate_dkim_keys(timestamp: int) -> None:
    """Let new DKIM keys sign once their records are seen, and old ones retire."""
    await in_own_thread(_advance)


@app.periodic(cron="41 3 * * *")
@app.task(name="domains.prune_reports", queue="chores", queueing_lock="domains.prune_reports")
async def prune_reports(timestamp: int) -> None:
    """Forget DMARC and TLS reports after a year and a month."""
    await in_own_thread(reports.prune)


def _advance() -> None:
    rotation.advance(Resolver(settings.POSTROOM.resolver), now=timezone.now())
