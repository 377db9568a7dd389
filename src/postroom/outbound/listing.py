"""Which messages of a workspace fit a filter, newest first, however many there are and however few fit?

Indexes find a Message-ID, a tag and the states that few are in. PostgreSQL as we ship it has none for parts of words;
one for whole words or addresses would cost every submission and delivery. So all else is looked for in slices, the
newest first: a page costs no more than LOOKED_THROUGH messages, says how far back it looked, and the next goes on.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from postroom.outbound.models import TAGGED, Attempt, Delivery, Message
from postroom.policy.status import NEEDS_A_PERSON, WAITING, Status, of_message
from postroom.workspaces.models import Workspace

PAGE_SIZE = 50
# The first slice holds what people look for most, mail of the last days; a page ends with the last one.
SLICES = (5_000, 45_000)
LOOKED_THROUGH = sum(SLICES)
# States with an index of their own: few messages are in them, as a rule, and may be far back.
INDEXED = WAITING | NEEDS_A_PERSON | {Status.ACTIVE}
MOST_INDEXED = 2_000
MOST_COUNTED = 1_000
LOOKED_AT = 10_000  # waiting deliveries, to count them by state


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which messages; what is empty or None does not narrow, but `server` 0 is the default server."""

    status: Status | None = None
    stream: str = ""
    company: int | None = None
    server: int | None = None
    tag: str = ""
    text: str = ""  # a part of an address or subject, or a whole Message-ID
    cause: str = ""  # of the last try, as policy.causes calls it; beside `status`


ALL = Wanted()


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as a line of a list; `more_recipients` counts those beside the first."""

    id: UUID
    status: Status
    stream: str
    company: str
    server: str
    from_text: str
    first_recipient: str
    more_recipients: int
    subject: str
    created_at: datetime
    next_at: datetime | None  # of the first delivery that waits


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some rows, newest first; `older` is the `before` of the next page, None on the last one.

    `looked_back_to` is set on a page that is not full though there may be more: nothing older was looked at.
    """

    rows: tuple[MessageRow, ...]
    older: UUID | None
    looked_back_to: datetime | None = None


def list_messages(workspace: Workspace, wanted: Wanted = ALL, *, before: UUID | None = None) -> MessagePage:
    """A page of the workspace's messages, older than `before`; at most nine queries."""
    messages = Message.objects.filter(workspace=workspace)
    if before is not None:
        messages = messages.filter(id__lt=before)
    if wanted == ALL:
        return _page(_rows(messages))
    if named := _named(workspace, wanted.text):
        return _among(messages, named, replace(wanted, text=""))
    if (known := _known(workspace, wanted)) is not None:
        return _among(messages, known, wanted)
    return _look_through(messages, wanted, before)


def tagged(workspace: Workspace, tag: str) -> QuerySet[Message]:
    """What has this tag, by the index that holds mail with tags."""
    return Message.objects.filter(TAGGED, workspace=workspace, tags__contains=[tag])


def count_by_state(workspace: Workspace) -> dict[Status, int]:
    """Deliveries in each state that has an index, MOST_COUNTED at most; one query.

    Waiting ones share an index: where there are more than LOOKED_AT, a state of which few are among those is left out.
    """
    deliveries = Delivery.objects.filter(workspace=workspace).order_by().values_list("status")
    waiting = deliveries.filter(status__in=sorted(WAITING))[:LOOKED_AT]
    others = (deliveries.filter(status=status)[:MOST_COUNTED] for status in sorted(INDEXED - WAITING))
    found = Counter(status for (status,) in waiting.union(*others, all=True))
    is_partial = sum(found[status] for status in WAITING) == LOOKED_AT
    return {
        status: min(found[status], MOST_COUNTED)
        for status in Status
        if status in INDEXED and not (is_partial and status in WAITING and found[status] < MOST_COUNTED)
    }


def unsent(workspace: Workspace) -> QuerySet[Delivery]:
    """What has not left yet and still may."""
    return Delivery.objects.filter(workspace=workspace, status__in=[*WAITING, Status.HELD])


def waiting_anywhere() -> int:
    """Deliveries of all workspaces that leave as soon as they may; MOST_COUNTED at most."""
    return Delivery.objects.filter(status__in=sorted(WAITING))[:MOST_COUNTED].count()


def time_of(message_id: UUID) -> datetime:
    """When a message was handed in: its identifier begins with the milliseconds (RFC 9562 §5.7)."""
    return datetime.fromtimestamp((message_id.int >> 80) / 1000, UTC)


def id_at(moment: datetime) -> UUID:
    """Greater than the identifier of every message handed in before `moment`, and of none since."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _look_through(messages: QuerySet[Message], wanted: Wanted, before: UUID | None) -> MessagePage:
    rows: list[MessageRow] = []
    for size in SLICES:
        floor = messages.order_by("-id").values_list("id", flat=True)[size - 1 : size].first()
        span = ({"gte": floor} if floor else {}) | ({"lt": before} if before else {})
        part = messages.filter(**{f"id__{bound}": id_ for bound, id_ in span.items()})
        within = {f"message_id__{bound}": id_ for bound, id_ in span.items()}
        rows += _rows(_narrow(part, wanted, within), PAGE_SIZE + 1 - len(rows))
        if floor is None or len(rows) > PAGE_SIZE:
            return _page(rows)
        messages, before = messages.filter(id__lt=floor), floor
    return MessagePage(tuple(rows), before, time_of(before) if before else None)


def _named(workspace: Workspace, text: str) -> list[UUID]:
    """What has this Message-ID."""
    if "@" not in text:
        return []
    named = Message.objects.filter(workspace=workspace, message_id__in=[text, f"<{text}>"])
    return _few(named.values_list("id")) or []


def _known(workspace: Workspace, wanted: Wanted) -> list[UUID] | None:
    """The few messages among which the wanted ones are, where an index tells them; None where they may be many."""
    if wanted.tag:
        known = _few(tagged(workspace, wanted.tag).values_list("id"))
        if known is not None:
            return known
    if wanted.status not in INDEXED:
        return None
    return _few(Delivery.objects.filter(workspace=workspace, status=wanted.status).values_list("message"))


def _few(ids: QuerySet[Any, tuple[Any]]) -> list[UUID] | None:
    """Of messages, in no order; None for more rows than MOST_INDEXED."""
    found = list(ids.order_by()[: MOST_INDEXED + 1])
    return list({id_ for (id_,) in found}) if len(found) <= MOST_INDEXED else None


def _among(messages: QuerySet[Message], known: list[UUID], wanted: Wanted) -> MessagePage:
    return _page(_rows(_narrow(messages.filter(id__in=known), wanted, {"message__in": known})))


def _narrow(messages: QuerySet[Message], wanted: Wanted, within: dict[str, Any]) -> QuerySet[Message]:
    """`within` bounds the deliveries that are looked at as `messages` is bounded."""
    if wanted.status is not None:
        messages = _in_state(messages, wanted.status)
    if wanted.cause:
        messages = messages.filter(Exists(Attempt.objects.filter(delivery__message=OuterRef("pk"), cause=wanted.cause)))
    if wanted.text:
        messages = messages.filter(_holding(wanted.text, within))
    exact = {"stream": wanted.stream, "company": wanted.company, "tags__contains": wanted.tag and [wanted.tag]}
    messages = messages.filter(**{name: value for name, value in exact.items() if value})
    return messages if wanted.server is None else messages.filter(server=wanted.server or None)


def _in_state(messages: QuerySet[Message], status: Status) -> QuerySet[Message]:
    """Those for which `of_message` says `status`: it has such a delivery, and none that is shown before it."""
    deliveries = Delivery.objects.filter(message=OuterRef("pk"))
    shown_before = [other.value for other in Status if other is not status and of_message({other, status}) is other]
    return messages.filter(
        Exists(deliveries.filter(status=status.value)), ~Exists(deliveries.filter(status__in=shown_before))
    )


def _holding(text: str, within: dict[str, Any]) -> Q:
    recipients = Delivery.objects.filter(recipient__icontains=text, **within).order_by()
    return (
        Q(message_id__in=[text, f"<{text}>"])
        | Q(subject__icontains=text)
        | Q(header_from__icontains=text)
        | Q(author_from__icontains=text)
        | Q(id__in=recipients.values("message"))
    )


def _rows(messages: QuerySet[Message], most: int = PAGE_SIZE + 1) -> list[MessageRow]:
    return [_row(message) for message in _with_summary(messages).order_by("-id")[:most]]


def _page(rows: list[MessageRow]) -> MessagePage:
    return MessagePage(tuple(rows[:PAGE_SIZE]), rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None)


def _with_summary(messages: QuerySet[Message]) -> QuerySet[Message, Any]:
    deliveries = Delivery.objects.filter(message=OuterRef("pk")).order_by()
    in_all = deliveries.values("message")
    waiting = in_all.filter(status__in=sorted(WAITING)).annotate(next_at=Min("due_at"))
    return messages.values(
        "id",
        "stream",
        "header_from",
        "subject",
        "created_at",
        company_name=F("company__name"),
        server_name=KT("trace__server"),
        recipient=Subquery(deliveries.order_by("id").values("recipient")[:1]),
        recipients=Coalesce(Subquery(in_all.annotate(number=Count("id")).values("number")), 0),
        statuses=ArraySubquery(deliveries.values("status").distinct()),
        next_at=Subquery(waiting.values("next_at")),
    )


def _row(message: dict[str, Any]) -> MessageRow:
    return MessageRow(
        id=message["id"],
        status=of_message({Status(status) for status in message["statuses"]}),
        stream=message["stream"],
        company=message["company_name"],
        server=message["server_name"],
        from_text=message["header_from"],
        first_recipient=message["recipient"],
        more_recipients=message["recipients"] - 1,
        subject=message["subject"],
        created_at=message["created_at"],
        next_at=message["next_at"],
    )
