"""How a person steers mail that is on its way: retry, hold, release, cancel, restore; one delivery or a million."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from postroom.outbound import queue
from postroom.outbound.listing import tagged
from postroom.outbound.models import Delivery, MessageContent
from postroom.policy.status import Status, leading_to
from postroom.workspaces.models import Workspace


class Action(StrEnum):
    RETRY = "retry"  # try at once what is deferred, or failed, or may have arrived
    HOLD = "hold"  # let what waits wait for a person
    RELEASE = "release"  # let what is held go on
    CANCEL = "cancel"  # take back what has not left
    RESTORE = "restore"  # let what was canceled go on after all


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
    Action.RESTORE: (Status.QUEUED, frozenset({Status.CANCELED})),
}
# What finished long ago has no content any more.
_NEEDS_CONTENT = {Action.RETRY, Action.RESTORE}


AT_ONCE = 5_000
_REASONS = {Action.HOLD: "Held by a person.", Action.CANCEL: "Canceled by a person."}

_MOMENTS = ("submitted_before", "finished_since")
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
    company: int | None = None
    submitted_before: datetime | None = None
    finished_since: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For a background job; `from_json` reads it back."""
        moments = {name: getattr(self, name) for name in _MOMENTS}
        return {
            **asdict(self),
            "messages": [str(id_) for id_ in self.messages],
            "statuses": sorted(self.statuses),
            **{name: moment and moment.isoformat() for name, moment in moments.items()},
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Choice":
        read = {
            "messages": tuple(UUID(id_) for id_ in told["messages"]),
            "statuses": frozenset(map(Status, told["statuses"])),
            **{name: told[name] and datetime.fromisoformat(told[name]) for name in _MOMENTS},
        }
        return cls(**{**told, **read})


def steer(workspace: Workspace, action: Action, choice: Choice, *, most: int | None = None) -> int:
    """Do it in one statement; how many deliveries it changed. Those in other states than the action is for stay.

    `most` keeps locks short: with so many at a time, call it until fewer are changed.
    """
    after = _STEPS[action][0]
    chosen = _fitting(workspace, action, choice)
    with transaction.atomic():
        if most is not None:
            ids = chosen.select_for_update(skip_locked=True, of=("self",)).order_by("id").values_list("id", flat=True)
            chosen = Delivery.objects.filter(id__in=list(ids[:most]))
        changed = chosen.update(status=after, reason=_REASONS.get(action, ""), **_UNTOUCHED, **_times(after))
        if after is Status.QUEUED and changed:
            for lane in Delivery.objects.filter(workspace=workspace, status=after).values("lane").distinct():
                queue.announce(lane["lane"])
    return changed


def possible(statuses: Iterable[Status]) -> frozenset[Action]:
    """What can be done to deliveries of which at least one is in each of these states."""
    present = frozenset(statuses)
    return frozenset(action for action, (_, before) in _STEPS.items() if before & present)


def steer_all(workspace: Workspace, action: Action, choice: Choice) -> int:
    """As `steer`, in parts: nothing else waits for long, and whoever looks sees how far it is."""
    if action is Action.RETRY and choice.submitted_before is None:  # what fails once more meanwhile is not meant
        choice = replace(choice, submitted_before=timezone.now())
    changed = part = steer(workspace, action, choice, most=AT_ONCE)
    while part == AT_ONCE:
        part = steer(workspace, action, choice, most=AT_ONCE)
        changed += part
    return changed


def count(workspace: Workspace, action: Action, choice: Choice, *, most: int) -> int:
    """How many deliveries the action would change, `most` at most."""
    return _fitting(workspace, action, choice)[:most].count()


def _fitting(workspace: Workspace, action: Action, choice: Choice) -> QuerySet[Delivery]:
    """The chosen ones that are in a state that the action is for."""
    before = _STEPS[action][1]
    chosen = _chosen(workspace, choice)
    if action in _NEEDS_CONTENT:
        chosen = chosen.filter(Exists(MessageContent.objects.filter(pk=OuterRef("message"))))
    return chosen.filter(status__in=before & choice.statuses if choice.statuses else before)


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
    if choice.server is not None:
        wanted &= Q(lane__outlet__server__name__iexact=choice.server) if choice.server else Q(lane__outlet__server=None)
    if choice.recipient:
        by_domain = choice.recipient.startswith("@")
        wanted &= Q(recipient__iendswith=choice.recipient) if by_domain else Q(recipient__iexact=choice.recipient)
    if choice.tag:
        wanted &= Q(message__in=tagged(workspace, choice.tag))
    others = {
        "message__in": choice.messages,
        "lane__stream": choice.stream,
        "message__company": choice.company,
        "submitted_at__lt": choice.submitted_before,
        "finished_at__gte": choice.finished_since,
    }
    return Delivery.objects.filter(wanted, **{name: value for name, value in others.items() if value})
