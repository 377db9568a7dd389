"""How is what was decided and stored told to the client? Each answer has the members of a class in `schemas`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from postroom.api.refusals import as_json
from postroom.errors import PostroomError
from postroom.inbound.impact import Affected
from postroom.outbound.models import Delivery, Message
from postroom.outbound.route import COLUMNS, Route
from postroom.outbound.submit import Queued
from postroom.policy.status import WAITING, Status, of_message
from postroom.rfc.address import parse_mailbox
from postroom.servers.dns_standing import DnsStanding


def tell_route(route: Route) -> dict[str, Any]:
    decision = route.decision
    server = decision.server.name if decision.server else None
    return _tell_routing(route.columns, server=server, from_address=decision.from_.address)


def tell_rehearsal(route: Route, standing: DnsStanding | None) -> dict[str, Any]:
    dns = standing and {name: getattr(standing, name) for name in ("dmarc", "words", "faults", "checked_at")}
    return {**tell_route(route), "dns": dns}


def write_accepted(accepted: Queued, **further: object) -> str:
    own = {
        **further,
        "id": str(accepted.id),
        "message_id": accepted.message_id,
        "status": of_message(set(accepted.statuses)),
        "leaves_at": accepted.leaves_at.isoformat() if accepted.leaves_at else None,
    }
    return json.dumps(own)[:-1] + _write_end(accepted.routed.route)


def write_batch(outcomes: Iterable[Queued | PostroomError]) -> str:
    results = (
        json.dumps({"index": index, **as_json(outcome)})
        if isinstance(outcome, PostroomError)
        else write_accepted(outcome, index=index)
        for index, outcome in enumerate(outcomes)
    )
    return f'{{"results": [{", ".join(results)}]}}'


def tell_message(message: Message) -> dict[str, Any]:
    columns = {name: getattr(message, name) for name in COLUMNS}
    deliveries = list(message.deliveries.all())
    return {
        **tell_summary(message, (delivery.status for delivery in deliveries)),
        **_tell_routing(columns, server=_server(message), from_address=parse_mailbox(message.header_from).address),
        "leaves_at": min((d.due_at for d in deliveries if d.status in WAITING), default=None),
        "deliveries": list(map(_tell_delivery, deliveries)),
    }


def tell_summary(message: Message, statuses: Iterable[str]) -> dict[str, Any]:
    return {
        "id": message.pk,
        "message_id": message.message_id,
        "status": of_message(set(map(Status, statuses))),
        "server": _server(message),
        "from": message.header_from,
        "subject": message.subject,
        "company": message.company.name,
        "stream": message.stream,
        "tags": message.tags,
        "created_at": message.created_at,
        "scheduled_at": message.scheduled_at,
    }


@lru_cache(maxsize=1024)
def _write_end(route: Route) -> str:
    """The members that mail of the same route shares, up to the closing brace: longer than all others together."""
    return ", " + json.dumps(tell_route(route))[1:]


def _tell_routing(columns: Mapping[str, Any], *, server: str | None, from_address: str) -> dict[str, Any]:
    return {
        "server": server,
        "from": columns["header_from"],
        "from_address": from_address,
        "from_rewritten": columns["from_rewritten"],
        "return_path": columns["return_path"],
        "reply_to": columns["reply_to"] or None,
        "trace": columns["trace"],
    }


def _server(message: Message) -> str | None:
    return message.server.name if message.server else None


def _tell_delivery(delivery: Delivery) -> dict[str, Any]:
    status = Status(delivery.status)
    return {
        "recipient": delivery.recipient,
        "status": status,
        "reply": delivery.reply_text or None,
        "reason": delivery.reason or None,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.due_at if status in WAITING else None,
    }


def tell_impact(impact: Iterable[Affected]) -> dict[str, Any]:
    return {"impact": [{**asdict(each), "words": str(each)} for each in impact]}
