"""How is what was decided and stored told to the client?"""

from collections.abc import Iterable, Mapping
from typing import Any

from postroom.api.refusals import as_json
from postroom.api.schemas import Accepted, BatchAccepted, BatchRefused, DeliveryOut, MessageOut, MessageSummary, Route
from postroom.api.submissions import Outcome
from postroom.errors import PostroomError
from postroom.outbound import route
from postroom.outbound.models import Delivery, Message
from postroom.outbound.submit import Receipt
from postroom.policy.routing import Decision
from postroom.policy.status import WAITING, Status, of_message
from postroom.rfc.address import parse_mailbox
from postroom.workspaces.models import Workspace


def tell_decision(workspace: Workspace, decision: Decision) -> Route:
    return Route.model_validate(_decided(workspace, decision))


def tell_accepted(workspace: Workspace, accepted: Receipt | Message) -> Accepted:
    """As it was when the message was accepted, whatever has become of it since."""
    routing = _stored(accepted) if isinstance(accepted, Message) else _decided(workspace, accepted.decision)
    return Accepted(id=accepted.id, message_id=accepted.message_id, status=Status.QUEUED, **routing)


def tell_item(workspace: Workspace, index: int, outcome: Outcome) -> BatchAccepted | BatchRefused:
    if isinstance(outcome, PostroomError):
        return BatchRefused(index=index, **as_json(outcome))
    return BatchAccepted(index=index, **dict(tell_accepted(workspace, outcome)))


def tell_message(message: Message) -> MessageOut:
    deliveries = list(message.deliveries.all())
    status = of_message({Status(delivery.status) for delivery in deliveries})
    return MessageOut(
        **_summary(message), **_stored(message), status=status, deliveries=list(map(_tell_delivery, deliveries))
    )


def tell_summary(message: Message, statuses: Iterable[str]) -> MessageSummary:
    status = of_message(set(map(Status, statuses)))
    return MessageSummary(**_summary(message), server=_server(message), from_=message.header_from, status=status)


def _decided(workspace: Workspace, decision: Decision) -> dict[str, Any]:
    return _routing(route.columns(workspace, decision), server=decision.server.name if decision.server else None)


def _stored(message: Message) -> dict[str, Any]:
    return _routing({name: getattr(message, name) for name in route.COLUMNS}, server=_server(message))


def _routing(columns: Mapping[str, Any], *, server: str | None) -> dict[str, Any]:
    return {
        "server": server,
        "from_": columns["header_from"],
        "from_address": parse_mailbox(columns["header_from"]).address,
        "from_rewritten": columns["from_rewritten"],
        "return_path": columns["return_path"],
        "reply_to": columns["reply_to"] or None,
        "trace": columns["trace"],
    }


def _summary(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "message_id": message.message_id,
        "subject": message.subject,
        "company": message.company.name,
        "stream": message.stream,
        "tags": message.tags,
        "created_at": message.created_at,
        "scheduled_at": message.scheduled_at,
    }


def _server(message: Message) -> str | None:
    return message.server.name if message.server else None


def _tell_delivery(delivery: Delivery) -> DeliveryOut:
    status = Status(delivery.status)
    reply = None if delivery.reply_code is None else f"{delivery.reply_code} {delivery.reply_text}".rstrip()
    return DeliveryOut(
        recipient=delivery.recipient,
        status=status,
        reply=reply,
        reason=delivery.reason or None,
        attempts=delivery.attempts,
        next_attempt_at=delivery.due_at if status in WAITING else None,
    )
