"""Which addresses does a workspace send nothing, how do they come to that, and how are they released?"""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from psycopg_pool import AsyncConnectionPool

from postroom.outbound import models
from postroom.outbound.models import Suppression
from postroom.outbound.queue import Claimed
from postroom.outbound.statements import statement
from postroom.policy.suppression import (
    LIFETIMES,
    Fault,
    Scope,
    Standing,
    count_fault,
    forgive_fault,
    scope_of,
    score_at,
)
from postroom.rfc.address import parse_mailbox
from postroom.workspaces.models import Workspace

# What was handed in so lately was compared with the list then; the query is for mail that has waited.
CHECKED_SECONDS = 60.0
_AT_ONCE = 1_000  # rows an INSERT


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An address to suppress; `expires_at` None: until a person releases it."""

    address: str
    reason: str
    scope: Scope = Scope.ALL
    expires_at: datetime | None = None


def normalise(address: str) -> str:
    """How an address is written in the list: without a name, ASCII in small letters. AddressError if it is none."""
    return _lower(parse_mailbox(address).address)


def suppress(workspace: Workspace, entries: Iterable[Entry], *, source: str = Suppression.Source.PERSON) -> int:
    """Put addresses on the list, or change what it says of them; how many. AddressError: none of them.

    A person's word replaces whatever is there; what comes from elsewhere never lets more mail through than before.
    """
    rows = {normalise(entry.address): entry for entry in entries}
    with transaction.atomic():
        if source != Suppression.Source.PERSON:
            rows = _without_stronger(workspace, rows)
        Suppression.objects.bulk_create(
            [_row(workspace, address, entry, source) for address, entry in rows.items()],
            batch_size=_AT_ONCE,
            update_conflicts=True,
            unique_fields=["workspace", "address"],
            update_fields=["scope", "reason", "source", "created_at", "expires_at"],
        )
    return len(rows)


def find(
    workspace: Workspace, *, addresses: Sequence[str] = (), scope: str | None = None, source: str | None = None
) -> QuerySet[Suppression]:
    """The workspace's list as it counts now, as far as it fits; `addresses` may hold @domain."""
    found = _active().filter(workspace=workspace)
    if addresses:
        wanted = Q(address__in=[normalise(address) for address in addresses if not address.startswith("@")])
        for domain in (address for address in addresses if address.startswith("@")):
            wanted |= Q(address__endswith=domain.lower())
        found = found.filter(wanted)
    if scope is not None:
        found = found.filter(scope=scope)
    return found if source is None else found.filter(source=source)


def among(workspace: Workspace, recipients: Iterable[str]) -> frozenset[str]:
    """Those of some deliveries' recipients that are on the list now."""
    by_address = {_lower(recipient): recipient for recipient in recipients}
    found = _active().filter(workspace=workspace, address__in=by_address).values_list("address", flat=True)
    return frozenset(by_address[address] for address in found)


def scores(workspace: Workspace, addresses: Iterable[str], *, now: datetime) -> dict[str, float]:
    """What is known now against those of the normalised addresses whose servers refused mail for good."""
    rows = models.Standing.objects.filter(workspace=workspace, address__in=list(addresses))
    return {row.address: score_at(Standing(row.score, row.hard_score, row.counted_at), now) for row in rows}


@transaction.atomic
def release(suppressions: QuerySet[Suppression], workspace: Workspace) -> int:
    """Take these off the workspace's list and forget what is known against them; how many."""
    standings = models.Standing.objects.filter(workspace=workspace, address__in=suppressions.values("address"))
    standings.delete()
    return suppressions.delete()[0]


@transaction.atomic
def note_fault(workspace: Workspace, recipient: str, fault: Fault, *, at: datetime, reason: str) -> None:
    """Count that mail to a recipient failed for good, and suppress the address once that was often enough."""
    address = normalise(recipient)
    row = models.Standing.objects.select_for_update().filter(workspace=workspace, address=address).first()
    before = Standing(row.score, row.hard_score, row.counted_at) if row else None
    standing = count_fault(before, fault, at=at)
    if standing == before:
        return
    counted = {"score": standing.score, "hard_score": standing.hard_score, "counted_at": standing.counted_at}
    models.Standing.objects.update_or_create(workspace=workspace, address=address, defaults=counted)
    if scope := scope_of(standing):
        entry = Entry(address=address, reason=reason, scope=scope, expires_at=at + LIFETIMES[scope])
        suppress(workspace, [entry], source=Suppression.Source.FAULTS)


@transaction.atomic
def take_back_fault(workspace: Workspace, recipient: str, fault: Fault, *, at: datetime) -> None:
    """Count a fault of `at` no longer; what is left may be too little to keep the address suppressed."""
    address = normalise(recipient)
    row = models.Standing.objects.select_for_update().filter(workspace=workspace, address=address).first()
    if row is None:
        return
    standing = forgive_fault(Standing(row.score, row.hard_score, row.counted_at), fault, at=at)
    row.score, row.hard_score = standing.score, standing.hard_score
    row.save(update_fields=["score", "hard_score"])
    if scope_of(standing) is None:
        by_faults = Suppression.objects.filter(source=Suppression.Source.FAULTS)
        by_faults.filter(workspace=workspace, address=address).delete()


async def withdraw(claimed: Sequence[Claimed], pool: AsyncConnectionPool) -> Sequence[Claimed]:
    """`claimed` without those whose address was suppressed after they were handed in; these are withdrawn."""
    waited = [delivery.id for delivery in claimed if _seconds_since(delivery.message_id) > CHECKED_SECONDS]
    if not waited:
        return claimed
    async with pool.connection() as database:
        cursor = await database.execute(statement("withdraw_suppressed"), {"ids": waited})
        withdrawn = {id_ for (id_,) in await cursor.fetchall()}
    return [delivery for delivery in claimed if delivery.id not in withdrawn]


def _lower(address: str) -> str:
    """As PostgreSQL's lower() in the collation "C" does it to a delivery's recipient."""
    return re.sub("[A-Z]+", lambda letters: letters[0].lower(), address)


def _active() -> QuerySet[Suppression]:
    return Suppression.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()))


def _without_stronger(workspace: Workspace, rows: dict[str, Entry]) -> dict[str, Entry]:
    """Those of `rows` that may replace what the list says."""
    stands = ~Q(source=Suppression.Source.FAULTS) | Q(scope=Scope.ALL)
    present = _active().filter(stands, workspace=workspace, address__in=rows).values_list("address", "scope")
    scopes = dict(present)
    return {
        address: entry
        for address, entry in rows.items()
        if address not in scopes or (scopes[address] == Scope.MASS and entry.scope is Scope.ALL)
    }


def _row(workspace: Workspace, address: str, entry: Entry, source: str) -> Suppression:
    return Suppression(
        workspace=workspace,
        address=address,
        scope=entry.scope,
        reason=entry.reason,
        source=source,
        created_at=Now(),
        expires_at=entry.expires_at,
    )


def _seconds_since(message_id: UUID) -> float:
    """How long ago a message was handed in: its identifier begins with the milliseconds (RFC 9562 §5.7)."""
    return time.time() - (message_id.int >> 80) / 1000
