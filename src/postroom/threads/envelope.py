"""What became of the mail that told of a post: the envelope beside it, for each recipient, and what can be done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from postroom.outbound.models import Attempt, Delivery
from postroom.outbound.steer import Action, Choice, steer
from postroom.policy.notification import Notice, Reader, Way
from postroom.policy.status import NEEDS_A_PERSON, Status
from postroom.threads import mail
from postroom.threads.models import Notification, Post

_FAILED = NEEDS_A_PERSON | {Status.CANCELED}


class Envelope(StrEnum):
    """How the mail of a notification, or of all of a post, stands."""

    NONE = "none"  # nobody was told by mail
    WAITING = "waiting"
    SENT = "sent"  # grey
    FAILED = "failed"  # red: a person is needed
    IGNORED = "ignored"  # failed, and a person leaves it so


@dataclass(frozen=True, slots=True)
class Told:
    """A notification with what became of it; `reason` in plain words, `reply` the server's, each "" when none.

    `cause`: of the last try of what failed, as `policy.causes` names it.
    """

    notification: Notification
    envelope: Envelope
    status: str
    reason: str = ""
    reply: str = ""
    cause: str = ""


def told_of(posts: Iterable[Post]) -> dict[int, list[Told]]:
    """Everybody who was told, by the post's id; three queries."""
    found = list(
        Notification.objects.filter(post__in=list(posts)).select_related("user", "contact", "post").order_by("id")
    )
    deliveries = Delivery.objects.filter(message__in={each.message_id for each in found if each.message_id})
    by_recipient = {(delivery.message_id, delivery.recipient.lower()): delivery for delivery in deliveries}
    causes = _causes(delivery.pk for delivery in deliveries if Status(delivery.status) in NEEDS_A_PERSON)
    told: dict[int, list[Told]] = {}
    for each in found:
        delivery = by_recipient.get((each.message_id, each.address)) if each.message_id else None
        told.setdefault(each.post_id, []).append(_told(each, delivery, causes))
    return told


def envelope_of(told: Iterable[Told]) -> Envelope:
    """The one beside the post: as bad as that of its worst recipient."""
    found = {each.envelope for each in told}
    worst_first = (Envelope.FAILED, Envelope.WAITING, Envelope.SENT, Envelope.IGNORED)
    return next((envelope for envelope in worst_first if envelope in found), Envelope.NONE)


def failed() -> QuerySet[Notification]:
    """Those whose envelope is red, of all workspaces."""
    unmade = Q(message=None) & ~Q(refusal="")
    deliveries = Delivery.objects.filter(
        message=OuterRef("message"), recipient__iexact=OuterRef("address"), status__in=sorted(_FAILED)
    )
    return Notification.objects.filter(unmade | Exists(deliveries), way=Way.EMAIL.value, ignored_at=None)


def retry(notification: Notification) -> None:
    """Try to tell the recipient once more, with settings as they are now."""
    if notification.message_id is not None:
        workspace = notification.post.record.workspace
        steer(workspace, Action.RETRY, Choice(messages=[notification.message_id], recipient=notification.address))
        Notification.objects.filter(pk=notification.pk).update(ignored_at=None, is_learned_from=False)
    elif notification.way == Way.EMAIL:
        key = notification.user or notification.contact
        reader = Reader(key, notification.address, Way.EMAIL, is_user=notification.user is not None)
        with transaction.atomic():
            notification.delete()
            mail.send(notification.post, [Notice(reader, Way.EMAIL)])


def ignore(notifications: QuerySet[Notification]) -> int:
    """Let what failed be; how many."""
    return notifications.filter(way=Way.EMAIL, ignored_at=None).update(ignored_at=timezone.now())


def _causes(deliveries: Iterable[int]) -> dict[int, str]:
    """Why the last try of each came to nothing."""
    last = Attempt.objects.filter(delivery__in=list(deliveries)).order_by("delivery", "-pk").distinct("delivery")
    return dict(last.values_list("delivery", "cause"))


def _told(notification: Notification, delivery: Delivery | None, causes: Mapping[int, str]) -> Told:
    if notification.way == Way.INBOX:
        return Told(notification, Envelope.NONE, "read" if notification.read_at else "unread")
    if delivery is None:
        # Refused before there was mail, or so long ago that it is kept no longer.
        fate = Envelope.IGNORED if notification.ignored_at else Envelope.FAILED
        if notification.refusal:
            return Told(notification, fate, "refused", notification.refusal)
        return Told(notification, Envelope.SENT, "forgotten")
    envelope = _envelope(Status(delivery.status))
    if envelope is Envelope.FAILED and notification.ignored_at:
        envelope = Envelope.IGNORED
    cause = causes.get(delivery.pk, "")
    return Told(notification, envelope, delivery.status, delivery.reason, delivery.reply_text, cause)


def _envelope(status: Status) -> Envelope:
    if status in _FAILED:
        return Envelope.FAILED
    return Envelope.SENT if status is Status.SENT else Envelope.WAITING
