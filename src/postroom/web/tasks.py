"""Which background jobs the pages have; each may run twice without harm."""

import structlog
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.jobs import app, in_thread
from postroom.threads import digest
from postroom.web.mail import send_digest
from postroom.web.models import SignedIn
from postroom.workspaces.models import Invitation

log = structlog.get_logger()


@app.periodic(cron="41 3 * * *")
@app.task(name="web.forget_what_is_over", queue="chores", queueing_lock="web.forget_what_is_over")
async def forget_what_is_over(timestamp: int) -> None:
    await in_thread(forget)


@app.periodic(cron="*/10 * * * *")
@app.task(name="web.send_digests", queue="chores", queueing_lock="web.send_digests")
async def send_digests(timestamp: int) -> None:
    """Whoever wants it is mailed, each morning of theirs, what waits in their inbox."""
    await in_thread(send_due_digests)


def send_due_digests() -> int:
    """How many users were looked at; one whose mail cannot be made keeps no other from theirs."""
    now, waiting = timezone.now(), 0
    for preference in digest.due(now):
        waiting += 1
        try:
            with transaction.atomic():
                if digest.claim(preference, now):
                    for summary in digest.summaries(preference):
                        send_digest(preference.user, summary)
        except PostroomError as error:
            log.warning("digest.not_sent", user=preference.pk, error=error.code)
    return waiting


def forget() -> None:
    """Sessions that ended, with the browsers they were in, and invitations that nobody followed."""
    Session.objects.filter(expire_date__lte=Now()).delete()
    SignedIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    Invitation.objects.filter(expires_at__lte=Now()).delete()
