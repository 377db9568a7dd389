"""How a person steers mail that is on its way: retry, hold, release and cancel, one delivery or a million."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from postroom.outbound import queue
from postroom.outbound.models import Delivery, MessageContent
from postroom.policy.status import Status, leading_to
from postroom.workspaces.models import Workspace


class Action(StrEnum):
    RETRY = "retry"  # try at once what is deferred, or failed, or may have arrived
    HOLD = "hold"  # let what waits wait for a person
    RELEASE = "release"  # let what is held go on
    CANCEL = "cancel"  # take back what has not left


# What an action makes of a delivery, and of deliveries in which states; the table of states says which steps exist.
_STEPS: dict[Action, tuple[Status, frozenset[Status]]] = {
    Action.RETRY: (
        Status.QUEUED,
        frozenset({Status.DEFERRED, Status.BOUNCED, Status.EXPIRED, Status.UNKNOWN}) & leading_to(Status.QUEUED),
    ),
    Action.HOLD: (Status.HELD, frozenset({Status.QUEUED, Status.DEFERRED, Status.UNKNOWN}) & leading_to(Status.HELD)),
    Action.RELEASE: (Status.QUEUED, frozenset({Status.HELD})),
    Action.CANCEL: (
        Status.CANCELED,
        frozenset({Status.QUEUED, Status.DEFERRED, Status.HELD, Status.UNKNOWN}) & leading_to(Status.CANCELED),
    ),
}


_REASONS = {Action.HOLD: "Held by a person.", Action.CANCEL: "Canceled by a person."}

_UNTOUCHED = {"claimed_by": None, "talking_since": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which deliveries of a workspace are meant; None or empty does not narrow, but `server` "" is the default one."""

    messages: Sequence[UUID] = ()
    statuses: frozenset[Status] = frozenset()
    server: str | None = None
    stream: str | None = None
    recipient: str | None = None  # a complete address, or @domain
    tag: str | None = None
    submitted_before: datetime | None = None


def steer(workspace: Workspace, action: Action, choice: Choice) -> int:
    """Do it in one statement; how many deliveries it changed. Those in other states than the action is for stay."""
    after, before = _STEPS[action]
    chosen = _chosen(workspace, choice)
    if action is Action.RETRY:  # what finished long ago has no content any more
        chosen = chosen.filter(Exists(MessageContent.objects.filter(pk=OuterRef("message"))))
    chosen = chosen.filter(status__in=before & choice.statuses if choice.statuses else before)
    with transaction.atomic():
        changed = chosen.update(status=after, reason=_REASONS.get(action, ""), **_UNTOUCHED, **_times(after))
        if after is Status.QUEUED and changed:
            for lane in Delivery.objects.filter(workspace=workspace, status=after).values("lane").distinct():
                queue.announce(lane["lane"])
    return changed


def _times(after: Status) -> dict[str, Any]:
    if after is Status.CANCELED:
        return {"finished_at": Now()}
    if after is Status.HELD:
        return {"finished_at": None}
    # A lifetime that is over starts anew: a person wants it tried.
    lifetime = F("expires_at") - F("submitted_at")
    return {
        "finished_at": None,
        "followed_at": None,
        "due_at": Now(),
        "submitted_at": Now(),
        "expires_at": Now() + lifetime,
    }


def _chosen(workspace: Workspace, choice: Choice) -> QuerySet[Delivery]:
    wanted = Q(workspace=workspace)
    if choice.messages:
        wanted &= Q(message__in=choice.messages)
    if choice.server is not None:
        wanted &= Q(lane__outlet__server__name=choice.server) if choice.server else Q(lane__outlet__server=None)
    if choice.stream:
        wanted &= Q(lane__stream=choice.stream)
    if choice.recipient:
        by_domain = choice.recipient.startswith("@")
        wanted &= Q(recipient__iendswith=choice.recipient) if by_domain else Q(recipient__iexact=choice.recipient)
    if choice.tag:
        wanted &= Q(message__tags__contains=[choice.tag])
    if choice.submitted_before is not None:
        wanted &= Q(submitted_at__lt=choice.submitted_before)
    return Delivery.objects.filter(wanted)
