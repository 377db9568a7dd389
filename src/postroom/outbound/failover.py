"""Which mail of a server with a fault may leave through another? What keeps its From; the rest says why it waits."""

from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Now

from postroom.errors import PostroomError
from postroom.outbound import queue, route
from postroom.outbound.models import Message, Outlet, Stream
from postroom.policy.routing import Decision
from postroom.rfc.address import format_mailbox, parse_mailbox
from postroom.workspaces.models import Company

log = structlog.get_logger()
# A first fault is often over after its fifteen seconds; moving mail back and forth would only be noise.
FAULTS_TO_DIVERT = 2
MAX_GROUPS = 500  # of one look; what is left over is looked at with the next
MAX_NAMED = 3


@dataclass(frozen=True, slots=True)
class _Group:
    """Waiting messages for which routing decides the same."""

    company: int
    author_from: str
    header_from: str
    stream: str


def divert_around_faults() -> None:
    """Look at every outlet that faults keep closed."""
    for outlet in Outlet.objects.select_related("server").filter(
        faults__gte=FAULTS_TO_DIVERT, closed_until__gt=Now(), server__archived_at=None
    ):
        if moved := divert(outlet):
            log.info("mail.diverted", outlet=outlet.pk, messages=moved)


def divert(outlet: Outlet) -> int:
    """Move what may leave elsewhere; how many messages. Says on the outlet what becomes of its mail meanwhile."""
    if outlet.server is None:
        return 0
    closed = frozenset(Outlet.objects.filter(faults__gt=0, server__isnull=False).values_list("server_id", flat=True))
    moved, stuck = 0, list[str]()
    elsewhere = set[str]()
    for group in _groups(outlet):
        decision = _decide(group, closed)
        if decision is None or decision.server is None:
            stuck.append(group.header_from)
        else:
            moved += _move(outlet, group, decision)
            elsewhere.add(decision.server.name)
    fallback = _tell(sorted(elsewhere), sorted(set(stuck)))
    Outlet.objects.filter(pk=outlet.pk).exclude(fallback=fallback).update(fallback=fallback)
    return moved


def _groups(outlet: Outlet) -> list[_Group]:
    waiting = Message.objects.filter(deliveries__in=queue.waiting([outlet]), forced_server=None)
    found = waiting.values_list("company", "author_from", "header_from", "stream").distinct()
    return [_Group(*row) for row in found[:MAX_GROUPS]]


def _decide(group: _Group, closed: frozenset[int]) -> Decision | None:
    """Another server's decision that leaves the From as it is; mass mail never leaves its dedicated server."""
    company = Company.objects.select_related("workspace").get(pk=group.company)
    if group.stream == Stream.MASS and route.dedicated_server(company.workspace) is not None:
        return None
    author = parse_mailbox(group.author_from) if group.author_from else None
    try:
        decision = route.decide(author, company=company, stream=group.stream, without=closed)
    except PostroomError:
        return None
    return decision if format_mailbox(decision.from_) == group.header_from else None


@transaction.atomic
def _move(outlet: Outlet, group: _Group, decision: Decision) -> int:
    company = Company.objects.select_related("workspace").get(pk=group.company)
    columns: dict[str, Any] = route.columns(company.workspace, decision)
    columns["trace"]["warnings"].append(f"Fail-over: “{outlet.server}” has a fault ({outlet.fault})")
    waiting = queue.waiting([outlet]).filter(
        message__company=group.company,
        message__author_from=group.author_from,
        message__header_from=group.header_from,
        message__stream=group.stream,
        message__forced_server=None,
    )
    messages = set(waiting.values_list("message__pk", flat=True))
    server_id = route.server_id(decision)
    lane = queue.lane_of(server_id, group.stream)
    Message.objects.filter(pk__in=messages).update(server=server_id, **columns)
    waiting.filter(message__in=messages).update(lane=lane)
    queue.announce(lane)
    return len(messages)


def _tell(elsewhere: list[str], stuck: list[str]) -> str:
    said = []
    if elsewhere:
        said.append(f"Mail that may leaves through {' and '.join(elsewhere)} meanwhile.")
    if stuck:
        more = f" and {len(stuck) - MAX_NAMED} more" if len(stuck) > MAX_NAMED else ""
        said.append(f"Mail from {', '.join(stuck[:MAX_NAMED])}{more} waits: no other server may send for it.")
    return " ".join(said)
