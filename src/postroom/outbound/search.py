"""What a person may want to know about mail that was handed in: lists of messages, and one message in full."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from postroom.outbound.models import Attempt, Delivery, Message, MessageContent
from postroom.policy.status import WAITING, Status, of_message
from postroom.workspaces.models import Workspace

PAGE_SIZE = 50
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
class MessageRow:
    """A message as a line of a list; `more_recipients` counts those beside the first."""

    id: UUID
    status: Status
    server: str
    from_text: str
    first_recipient: str
    more_recipients: int
    subject: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some rows, newest first; `older` is the `before` of the next page, None on the last one."""

    rows: tuple[MessageRow, ...]
    older: UUID | None


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """A message on its way to one recipient, with every try; `reply_text` is empty while no server has answered."""

    recipient: str
    status: Status
    reply_text: str
    reason: str
    due_at: datetime
    tries: tuple[Attempt, ...]


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


def list_messages(
    workspace: Workspace, *, status: Status | None = None, text: str = "", before: UUID | None = None
) -> MessagePage:
    """A page of the workspace's messages, older than `before`; one query.

    `text` is looked for in addresses and subject, or is a whole Message-ID.
    """
    found = Message.objects.filter(workspace=workspace)
    if before is not None:
        found = found.filter(id__lt=before)
    if status is not None:
        found = _in_state(found, status)
    if text:
        found = _holding(found, text)
    rows = [_row(message) for message in _with_summary(found).order_by("-id")[: PAGE_SIZE + 1]]
    return MessagePage(tuple(rows[:PAGE_SIZE]), rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None)


def find_message(workspaces: QuerySet[Workspace], message_id: UUID) -> MessageDetail | None:
    """The message, if it belongs to one of `workspaces`; four queries."""
    facts = (
        Message.objects.select_related("company", "workspace").filter(workspace__in=workspaces, id=message_id).first()
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


def _in_state(messages: QuerySet[Message], status: Status) -> QuerySet[Message]:
    """Those for which `of_message` says `status`: it has such a delivery, and none that is shown before it."""
    deliveries = Delivery.objects.filter(message=OuterRef("pk"))
    shown_before = [other.value for other in Status if other is not status and of_message({other, status}) is other]
    return messages.filter(
        Exists(deliveries.filter(status=status.value)), ~Exists(deliveries.filter(status__in=shown_before))
    )


def _holding(messages: QuerySet[Message], text: str) -> QuerySet[Message]:
    recipients = Delivery.objects.filter(message=OuterRef("pk"), recipient__icontains=text)
    return messages.filter(
        Q(message_id__in=[text, f"<{text}>"])
        | Q(subject__icontains=text)
        | Q(header_from__icontains=text)
        | Q(author_from__icontains=text)
        | Exists(recipients)
    )


def _with_summary(messages: QuerySet[Message]) -> QuerySet[Message, Any]:
    deliveries = Delivery.objects.filter(message=OuterRef("pk"))
    count = deliveries.order_by().values("message").annotate(number=Count("id")).values("number")
    return messages.values(
        "id",
        "header_from",
        "subject",
        "created_at",
        server_name=KT("trace__server"),
        recipient=Subquery(deliveries.order_by("id").values("recipient")[:1]),
        recipients=Coalesce(Subquery(count), 0),
        statuses=ArraySubquery(deliveries.order_by().values("status").distinct()),
    )


def _row(message: dict[str, Any]) -> MessageRow:
    return MessageRow(
        id=message["id"],
        status=of_message({Status(status) for status in message["statuses"]}),
        server=message["server_name"],
        from_text=message["header_from"],
        first_recipient=message["recipient"],
        more_recipients=message["recipients"] - 1,
        subject=message["subject"],
        created_at=message["created_at"],
    )


def _delivery(delivery: Delivery) -> DeliveryDetail:
    return DeliveryDetail(
        recipient=delivery.recipient,
        status=Status(delivery.status),
        reply_text=delivery.reply_text,
        reason=delivery.reason or _reason_to_wait(delivery),
        due_at=delivery.due_at,
        tries=tuple(sorted(delivery.tries.all(), key=lambda attempt: attempt.pk)),
    )


def _reason_to_wait(delivery: Delivery) -> str:
    """The fault of its server, for mail that was not tried because of it."""
    return delivery.lane.outlet.fault if delivery.status in WAITING else ""


def _steps(steps: list[dict[str, Any]]) -> tuple[TraceStep, ...]:
    """The search for a server ends with the criterion that matched, so at most one step decides."""
    return tuple(TraceStep(**step, decides=step["matched"] and step["criterion"] in SERVER_CRITERIA) for step in steps)
