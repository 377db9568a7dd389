"""What becomes of a mail that was received? store → classify → notice | answer | alias | rule | desk.

`receive` has stored it. Every step here writes to the database alone, all in one transaction: a mail is handled whole
or not at all, however often it is tried. What no step can settle, and what fails again and again, goes to the desk.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models.functions import Now

from postroom.domains.addresses import Destination, note_hit, resolve
from postroom.domains.addresses import Kind as AddressKind
from postroom.inbound.alias_mail import settle_alias
from postroom.inbound.answering import answer
from postroom.inbound.confirmations import settle_confirmation
from postroom.inbound.conversations import settle_answer, settle_own
from postroom.inbound.duplicates import settle_copy
from postroom.inbound.fetched import settle_fetched
from postroom.inbound.incoming import Incoming, Settled, destinations, read_fields
from postroom.inbound.models import IncomingMessage, State
from postroom.inbound.notices import settle_notice
from postroom.inbound.probes import settle_probe
from postroom.inbound.published_reports import settle_published_report
from postroom.inbound.rules import settle_by_rule
from postroom.jobs import DATABASE_AWAY
from postroom.policy.automatic_answer import say_nobody_reads
from postroom.policy.classification import Classification, Kind, classify

log = structlog.get_logger()
MAX_TRIES = 3
# Longer than handling takes, so that nobody begins what another has begun; then it is tried again.
LEASE = timedelta(minutes=2)

Step = Callable[[Incoming], Settled | None]


def _leave_on_desk(mail: Incoming) -> Settled:
    kind = Kind.CATCHALL if mail.destination.kind is AddressKind.CATCHALL and mail.kind is Kind.ORDINARY else None
    return Settled(State.UNROUTED, _WHY_UNROUTED.get(mail.destination.kind, _UNKNOWN), kind)


def settle_nobodys(mail: Incoming) -> Settled | None:
    """Mail that came by a way of no workspace to no address of ours."""
    return Settled(State.UNROUTED, _UNKNOWN) if mail.workspace is None else None


# The order decides: each step settles the mail, or leaves it (None) to the next.
STEPS: tuple[Step, ...] = (
    settle_copy, settle_probe, settle_confirmation, settle_published_report, settle_notice, settle_nobodys, settle_own,
    settle_answer, settle_alias, settle_fetched, _leave_on_desk,
)  # fmt: skip

_DECIDED = [
    "state", "reason", "kind", "workspace", "recipient", "author", "destination", "record", "post", "answered_at",
    "handled_at",
]  # fmt: skip
_UNKNOWN = "No address of ours is among its recipients."
_WHY_UNROUTED = {
    AddressKind.BOUNCE: "It came to the bounce address and is no report about mail of ours.",
    AddressKind.CATCHALL: "It came to the catchall address and answers no mail of ours.",
    AddressKind.NOTIFICATION: "It came to an address that only sends, and answers no mail of ours.",
    AddressKind.REPORTS: "It came to the address for reports on our domains and is none.",
    AddressKind.REPLY: "Its reply address leads to no conversation of ours.",
    AddressKind.ALIAS: "Nothing is set up to take the mail of this alias.",
}


def handle_received() -> int:
    """Handle what waits, until nothing does; how many."""
    count = 0
    while (id_ := claim()) is not None:
        handle(id_)
        count += 1
    return count


@transaction.atomic
def claim() -> int | None:
    """The next mail to handle, its try counted before it begins: one that kills its process ends on the desk, too."""
    waiting = IncomingMessage.objects.filter(state=State.RECEIVED, due_at__lte=Now())
    row = waiting.select_for_update(skip_locked=True).order_by("due_at").first()
    if row is None:
        return None
    IncomingMessage.objects.filter(pk=row.pk).update(tries=row.tries + 1, due_at=Now() + LEASE)
    return row.pk


def handle(id_: int) -> None:
    """Handle one mail; nothing where it has been. What goes wrong with it is written down, and never loses it."""
    row = IncomingMessage.objects.select_related("content", "workspace").get(pk=id_)
    try:
        found = classify(bytes(row.content.raw))
        with transaction.atomic():
            _settle(id_, found)
    except DATABASE_AWAY:
        raise
    except Exception as error:
        log.exception("incoming.failed", incoming=id_)
        _note_failure(row, error)


def _settle(id_: int, found: Classification) -> None:
    waiting = IncomingMessage.objects.select_related("content__server", "workspace").select_for_update(of=("self",))
    row = waiting.filter(pk=id_, state=State.RECEIVED).first()
    if row is None:
        return
    raw = bytes(row.content.raw)
    (address, destination), *others = destinations(row, raw).items()
    for other, _ in others:
        _add_copy(row, other)
    _count_hits(row.recipient, destination)
    row.recipient = address or row.recipient
    mail = Incoming(row, raw, read_fields(raw), found, destination)
    settled = next(settled for step in STEPS if (settled := step(mail)))
    if settled.state is State.UNROUTED and mail.workspace:
        settled = settle_by_rule(mail) or _tell_author(mail, settled)
    _record(mail, settled)


def _tell_author(mail: Incoming, settled: Settled) -> Settled:
    """Who wrote to the catchall address is told that nobody reads there; the mail stays on the desk all the same."""
    is_direct = mail.destination.kind is AddressKind.CATCHALL and settled.kind is Kind.CATCHALL
    if is_direct and answer(mail, say_nobody_reads(mail.row.recipient)):
        return replace(settled, reason=f"{settled.reason} Its author was told.")
    return settled


def _count_hits(recipient: str, destination: Destination) -> None:
    """Of the envelope's address as well, where the header told for whom the mail is: both are still written to."""
    found = (resolve(recipient) if recipient else destination, destination)
    retired = {each.retired.pk: each for each in found if each.retired}
    for each in retired.values():
        note_hit(each)


def _add_copy(row: IncomingMessage, recipient: str) -> None:
    """A mail whose header names several places of ours goes to each."""
    IncomingMessage.objects.get_or_create(
        content=row.content,
        recipient=recipient,
        defaults={"workspace": row.workspace, "fingerprint": row.fingerprint},
    )


def _record(mail: Incoming, settled: Settled) -> None:
    row = mail.row
    row.state, row.reason, row.kind = settled.state, settled.reason, settled.kind or mail.kind
    row.workspace, row.author = mail.workspace, mail.author
    row.handled_at = Now()
    row.save(update_fields=_DECIDED)
    log.info("incoming.settled", incoming=row.pk, state=row.state, kind=row.kind)


def _note_failure(row: IncomingMessage, error: Exception) -> None:
    reason = f"It could not be handled: {type(error).__name__}. Handle it again once the program is repaired."
    state = State.UNROUTED if row.tries >= MAX_TRIES else State.RECEIVED
    IncomingMessage.objects.filter(pk=row.pk, state=State.RECEIVED).update(state=state, reason=reason)
