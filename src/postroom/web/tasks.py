"""Which background jobs the pages have; each may run twice without harm."""

from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from postroom.jobs import app, in_thread
from postroom.web.models import SignedIn
from postroom.workspaces.models import Invitation


@app.periodic(cron="41 3 * * *")
@app.task(name="web.forget_what_is_over", queue="chores", queueing_lock="web.forget_what_is_over")
async def forget_what_is_over(timestamp: int) -> None:
    await in_thread(forget)


def forget() -> None:
    """Sessions that ended, with the browsers they were in, and invitations that nobody followed."""
    Session.objects.filter(expire_date__lte=Now()).delete()
    SignedIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    Invitation.objects.filter(expires_at__lte=Now()).delete()
