"""What is known of one message: how it was routed, and what became of it for each recipient?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from postroom.outbound.models import Attempt, Delivery, Message, MessageContent
from postroom.policy.status import WAITING, Status, of_message
from postroom.workspaces.models import Workspace

# A mailing has thousands of recipients; a page shows the first ones and says how many more there are.
MAX_DELIVERIES = 200
# The criteria of policy.routing that find a server; before and after them it looks at the From and the return path.
SERVER_CRITERIA = {
    "forced_server",
    "filter_address",
    "filter_domain",
    "notification_server",
    "no_filter",
    "first_server",
    "default_server",
}


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """A message on its way to one recipient, with every try; `reply_text` is empty while no server has answered."""

    recipient: str
    status: Status
    reply_text: str
    reason: str
    due_at: datetime
    finished_at: datetime | None
    tries: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became of a message: a try, or an end that came without one."""

    at: datetime
    status: Status
    recipient: str
    server: str
    words: str


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One criterion of the routing; `decides` marks the one that chose the server."""

    criterion: str
    matched: bool
    why: str
    decides: bool


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """All that is known of one message except its body; `head` is the stored header block, empty once it is pruned."""

    facts: Message
    status: Status
    server: str
    deliveries: tuple[DeliveryDetail, ...]
    more_deliveries: int
    steps: tuple[TraceStep, ...]
    warnings: tuple[str, ...]
    alignment: str
    head: bytes

    @property
    def leaves_at(self) -> datetime | None:
        """When the first of it leaves, while none of it was tried yet and all of it can be taken back."""
        is_untouched = all(each.status is Status.QUEUED and not each.tries for each in self.deliveries)
        return min((each.due_at for each in self.deliveries), default=None) if is_untouched else None

    @property
    def events(self) -> list[Event]:
        """What became of it, the oldest first, as far as it is shown."""
        return sorted((event for each in self.deliveries for event in _events(each)), key=lambda event: event.at)


def find_message(workspaces: QuerySet[Workspace], message_id: UUID) -> MessageDetail | None:
    """The message, if it belongs to one of `workspaces`; four queries."""
    facts = (
        Message.objects.select_related("company", "workspace", "opening")
        .filter(workspace__in=workspaces, id=message_id)
        .first()
    )
    if facts is None:
        return None
    counts = dict(facts.deliveries.values_list("status").annotate(number=Count("id")))
    deliveries = tuple(
        map(
            _delivery,
            facts.deliveries.select_related("lane__outlet").prefetch_related("tries").order_by("id")[:MAX_DELIVERIES],
        )
    )
    return MessageDetail(
        facts=facts,
        status=of_message({Status(status) for status in counts}),
        server=facts.trace["server"],
        deliveries=deliveries,
        more_deliveries=sum(counts.values()) - len(deliveries),
        steps=_steps(facts.trace["steps"]),
        warnings=tuple(facts.trace["warnings"]),
        alignment=facts.trace["dmarc"]["why"],
        head=bytes(MessageContent.objects.values_list("head", flat=True).filter(message=facts).first() or b""),
    )


def read_message(workspaces: QuerySet[Workspace], message_id: UUID) -> bytes | None:
    """The message as it is stored: as its author wrote it, before the From of the chosen server and the signature."""
    content = MessageContent.objects.filter(message__workspace__in=workspaces, message_id=message_id).first()
    return None if content is None else bytes(content.head) + b"\r\n" + bytes(content.body)


def _delivery(delivery: Delivery) -> DeliveryDetail:
    return DeliveryDetail(
        recipient=delivery.recipient,
        status=Status(delivery.status),
        reply_text=delivery.reply_text,
        reason=delivery.reason or _reason_to_wait(delivery),
        due_at=delivery.due_at,
        finished_at=delivery.finished_at,
        tries=tuple(sorted(delivery.tries.all(), key=lambda attempt: attempt.pk)),
    )


def _events(delivery: DeliveryDetail) -> Iterator[Event]:
    for attempt in delivery.tries:
        words = attempt.reply_text or attempt.cause
        yield Event(attempt.at, Status(attempt.outcome), delivery.recipient, attempt.server_name, words)
    last = delivery.tries[-1].outcome if delivery.tries else None
    if delivery.finished_at is not None and last != delivery.status:
        yield Event(delivery.finished_at, delivery.status, delivery.recipient, "", delivery.reason)


def _reason_to_wait(delivery: Delivery) -> str:
    """The fault of its server, for mail that was not tried because of it."""
    return delivery.lane.outlet.fault if delivery.status in WAITING else ""


def _steps(steps: list[dict[str, Any]]) -> tuple[TraceStep, ...]:
    """The search for a server ends with the criterion that matched, so at most one step decides."""
    return tuple(TraceStep(**step, decides=step["matched"] and step["criterion"] in SERVER_CRITERIA) for step in steps)
