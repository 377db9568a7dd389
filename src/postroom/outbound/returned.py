"""What do we learn of a delivery after it has left: which one does a report mean, and what follows from it?

A failure that comes back as mail ends like one that the server told at once: `failures.follow` counts the recipient's
fault and tells the author. Every report stays beside the attempts, as the server's words do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from postroom.outbound import suppressions
from postroom.outbound.models import Attempt, Delivery
from postroom.policy.return_path import read_token
from postroom.policy.status import Status, leading_to
from postroom.policy.suppression import fault_of
from postroom.vault import derive_key
from postroom.workspaces.models import Workspace

# Where the delivery is under way, or tried again, its next attempt says more than a report of the last one.
_LEFT = frozenset({Status.SENT, Status.UNKNOWN})


class News(StrEnum):
    """What a report says of a delivery."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"


_OUTCOMES = {News.FAILED: Status.BOUNCED, News.DELAYED: Status.DEFERRED, News.DELIVERED: Status.SENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What a report says of the message that it is about; what it does not say is empty.

    `tokens` are sub-addresses that may be those of signed return paths, the likeliest first.
    """

    tokens: Sequence[str] = ()
    envelope_id: str = ""
    message_ids: Sequence[str] = ()
    recipients: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a report says of one delivery; `cause` is the id of a `policy.causes.Cause`, `reply` the server's words."""

    news: News
    reporter: str
    cause: str = ""
    sentence: str = ""
    reply: str = ""


def find_signed(tokens: Sequence[str]) -> Delivery | None:
    """The delivery with one of these signed return paths: nobody but us can have made one."""
    key = derive_key("return path")
    ids = (read_token(token, keys=[key]) for token in tokens)
    return next((found for id_ in ids if id_ is not None and (found := _all().filter(pk=id_).first())), None)


def find(workspace: Workspace | None, clues: Clues) -> list[Delivery]:
    """The deliveries that the report is about; [] when it is about none that is known.

    Without a signed return path only mail of `workspace` counts (None: none). Of a message to one recipient it is that
    delivery, whoever failed: mail may have been forwarded. Of others those to `clues.recipients`.
    """
    if signed := find_signed(clues.tokens):
        return [signed]
    deliveries = list(_of_message(workspace, clues)) if workspace else []
    if len(deliveries) == 1:
        return deliveries
    wanted = {address.lower() for address in clues.recipients}
    return [delivery for delivery in deliveries if delivery.recipient.lower() in wanted]


@transaction.atomic
def note(delivery: Delivery, report: Report) -> Status:
    """Write down what a report says, and let it change the delivery where it may; the state before it."""
    before = Status(Delivery.objects.select_for_update().values_list("status", flat=True).get(pk=delivery.pk))
    outcome = _OUTCOMES[report.news]
    code = report.reply[:3]
    Attempt.objects.create(
        delivery=delivery,
        server_name=f"Report by {report.reporter}",
        outcome=outcome,
        cause=report.cause,
        reply_code=int(code) if code.isdecimal() and code.isascii() else None,
        reply_text=report.reply,
    )
    if report.news is News.DELAYED:
        Delivery.objects.filter(pk=delivery.pk, status=Status.SENT).update(reason=report.sentence)
    elif before in _LEFT & leading_to(outcome):
        _finish(delivery, outcome, report)
    return before


@transaction.atomic
def take_back(delivery: Delivery, before: str, *, at: datetime) -> bool:
    """Undo what a report of a failure did at `at`: it was none. False where the delivery has gone on meanwhile."""
    bounced = Delivery.objects.select_for_update(of=("self",)).select_related("message__company__workspace")
    found = bounced.filter(pk=delivery.pk, status=Status.BOUNCED).first()
    if found is None or before not in _LEFT:
        return False
    cause = found.tries.filter(outcome=Status.BOUNCED).order_by("-pk").values_list("cause", flat=True).first()
    fault = fault_of(cause or "")
    if fault and found.followed_at:
        suppressions.take_back_fault(found.message.company.workspace, found.recipient, fault, at=at)
    Delivery.objects.filter(pk=found.pk).update(
        status=before, reason="", followed_at=None, reply_code=None, reply_text="", finished_at=at
    )
    Attempt.objects.create(
        delivery=found, server_name="A person", outcome=before, reply_text="The report was none of a failure."
    )
    return True


def _finish(delivery: Delivery, outcome: Status, report: Report) -> None:
    code = report.reply[:3]
    Delivery.objects.filter(pk=delivery.pk).update(
        status=outcome,
        reason="" if outcome is Status.SENT else report.sentence,
        reply_code=int(code) if code.isdecimal() and code.isascii() else None,
        reply_text=report.reply,
        finished_at=Now(),
        followed_at=None,
        claimed_by=None,
        talking_since=None,
    )


def _of_message(workspace: Workspace, clues: Clues) -> Iterator[Delivery]:
    """The deliveries of the first message that a clue leads to."""
    own = _all().filter(workspace=workspace)
    if (id_ := _read_id(clues.envelope_id)) and (found := list(own.filter(message=id_))):
        yield from found
        return
    for message_id in clues.message_ids:
        if found := list(own.filter(message__message_id=message_id)):
            yield from found
            return


def _read_id(envelope_id: str) -> UUID | None:
    """Our ENVID (RFC 3461 §4.4) is the id of the message."""
    try:
        return UUID(envelope_id)
    except ValueError:
        return None


def _all() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("message", "workspace").order_by("pk")
