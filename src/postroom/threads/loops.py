"""When is a thread paused because programs answer each other, and how does it go on?"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from postroom.policy.fingerprint import fingerprint
from postroom.policy.loop_budget import Arrivals, Budget, Verdict, explain, judge, read_budget
from postroom.policy.notification import Way
from postroom.threads.contacts import find_contact
from postroom.threads.models import Follower, Notification, Post, Record
from postroom.workspaces.alerts import clear_alert, raise_alert
from postroom.workspaces.models import Workspace
from postroom.workspaces.parameters import LOOP_MINUTES, LOOP_THRESHOLD, parameter

log = structlog.get_logger()
ALERT = "mail_loop"


def check(workspace: Workspace, sender: str, *, text: str, record: Record | None = None) -> Verdict:
    """Whether mail from `sender`, about to come in, may be answered and told of by mail.

    Ask before `post`: with anything but GO_ON no automatic mail may answer it. Its thread (`record`) is then paused and
    people are told; without a thread an alert alone is raised.
    """
    budget = _budget(workspace)
    arrivals = _count(workspace, sender, text=text, record=record, window=budget.window)
    verdict = judge(arrivals, budget)
    if verdict is not Verdict.GO_ON:
        _stop(workspace, sender, record=record, why=explain(verdict, arrivals, budget))
    return verdict


def pause(record: Record, why: str) -> None:
    """Let no mail leave for the thread until a person resumes it; users who follow it are told in their inbox."""
    with transaction.atomic():
        is_new = Record.objects.filter(pk=record.pk, paused_at=None).update(paused_at=timezone.now(), pause_reason=why)
        record.refresh_from_db(fields=["paused_at", "pause_reason"])
        if is_new:
            _note(record, why)
            log.warning("thread.paused", record=record.pk)


def resume(record: Record) -> None:
    """Let mail leave again. What was not mailed meanwhile is not sent afterwards: it is there to read."""
    record.paused_at, record.pause_reason, record.resumed_at = None, "", timezone.now()
    record.save(update_fields=["paused_at", "pause_reason", "resumed_at"])
    clear_alert(record.workspace, ALERT, f"record {record.pk}")


def _budget(workspace: Workspace) -> Budget:
    return read_budget(parameter(workspace, LOOP_MINUTES), parameter(workspace, LOOP_THRESHOLD))


def _count(workspace: Workspace, sender: str, *, text: str, record: Record | None, window: timedelta) -> Arrivals:
    since = timezone.now() - window
    if record is not None and record.resumed_at is not None:
        since = max(since, record.resumed_at)  # a person has looked at what came before
    posts = Post.objects.filter(record__workspace=workspace, created_at__gte=since)
    contact = find_contact(workspace, sender)
    of_sender = posts.filter(Q(contact=contact) if contact else Q(user__email__iexact=sender), kind=Post.Kind.EMAIL)
    words = fingerprint(text)
    in_thread = posts.filter(record=record) if record else posts.none()
    ours = in_thread.exclude(kind=Post.Kind.EMAIL)
    return Arrivals(
        of_sender=of_sender.count() + 1,
        of_thread=in_thread.filter(kind=Post.Kind.EMAIL).count() + 1 if record else 0,
        repeats=of_sender.filter(fingerprint=words).count() + 1 if words else 0,
        returns=ours.filter(fingerprint=words).count() if words else 0,
    )


def _stop(workspace: Workspace, sender: str, *, record: Record | None, why: str) -> None:
    if record is not None:
        pause(record, why)
    raise_alert(
        workspace,
        ALERT,
        f"record {record.pk}" if record else sender,
        what_happened=f"{why} Sender: {sender}" + (f"; thread: {record.name}" if record else ""),
        what_to_do="No mail leaves for it. Find out who answers automatically, then resume the thread.",
    )


def _note(record: Record, why: str) -> None:
    """A word in the thread, and in the inbox of each user who follows it, however they prefer to be told."""
    text = f"This thread is paused: no mail leaves for it. {why}"
    row = Post.objects.create(
        record=record, kind=Post.Kind.NOTE, text=text, message_id="", fingerprint="", is_automatic=True
    )
    users = Follower.objects.filter(record=record, user__is_active=True).select_related("user")
    Notification.objects.bulk_create(
        Notification(post=row, user=follower.user, way=Way.INBOX.value) for follower in users
    )
