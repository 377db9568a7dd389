"""What does a report, or an answer of a machine, tell of our own mail, and how is that undone?"""

import re
from collections.abc import Iterator

import structlog
from django.db import transaction
from django.utils import timezone

from postroom.domains.addresses import Kind as AddressKind
from postroom.inbound.incoming import Incoming, Settled
from postroom.inbound.models import IncomingMessage, Notice, State
from postroom.outbound import returned, suppressions
from postroom.outbound.models import Delivery, Suppression
from postroom.outbound.returned import Clues, News
from postroom.policy.bounce.causes import cause_id_of
from postroom.policy.bounce.mail import addresses_in
from postroom.policy.classification import Kind, NoticedRecipient
from postroom.policy.return_path import untag_return_path
from postroom.policy.suppression import Scope
from postroom.rfc.dsn import read_delivery_status
from postroom.rfc.message_id import parse_message_ids
from postroom.rfc.report import read_report

log = structlog.get_logger()
# A notice says one of these of a delivery; the others tell something that changes nothing.
_NEWS = {Kind.BOUNCE: News.FAILED, Kind.DELAYED: News.DELAYED, Kind.SUCCESS: News.DELIVERED}
KINDS = frozenset({*_NEWS, Kind.FEEDBACK, Kind.MDN, Kind.AUTOREPLY, Kind.CHALLENGE})
_NOBODY = NoticedRecipient(address="")
_MAX_DIAGNOSTIC = 2_000
_CONTINUED = re.compile(r"^([245]\d\d)-")


def settle_notice(mail: Incoming) -> Settled | None:
    """A report is noted beside the deliveries that it is about; one about none of ours goes to the desk."""
    if mail.kind not in KINDS:
        return None
    deliveries = find_deliveries(mail)
    for delivery in deliveries:
        _note(mail, delivery, _said_of(delivery, mail, is_only=len(deliveries) == 1))
    if deliveries:
        return Settled(State.HANDLED, f"It is about mail to {_joined(delivery.recipient for delivery in deliveries)}.")
    if mail.kind in (Kind.AUTOREPLY, Kind.CHALLENGE):
        return None  # may still answer a thread
    return Settled(State.UNROUTED, f"{mail.found.why} No mail of ours was found that it is about.")


def find_deliveries(mail: Incoming) -> list[Delivery]:
    """The deliveries of our own mail that a notice is about."""
    found = mail.found
    clues = Clues(
        tokens=list(_tokens(mail)),
        envelope_id=_envelope_id(mail.raw),
        message_ids=[
            *([found.original_message_id] if found.original_message_id else []),
            *parse_message_ids(mail.fields.get("in-reply-to", "")),
            *reversed(parse_message_ids(mail.fields.get("references", ""))),
        ],
        recipients=[address for each in found.recipients for address in _spellings(each)] or [_author(mail)],
    )
    return returned.find(mail.workspace, clues)


@transaction.atomic
def take_back(row: IncomingMessage) -> int:
    """Undo what the mail's notices did: it is no bounce. The mail itself stays as it was handled.

    How many deliveries it had failed and now has not. What has been tried again since stays as it is.
    """
    undone = 0
    for notice in row.notices.filter(undone_at=None).select_related("delivery").select_for_update(of=("self",)):
        if notice.kind == Kind.BOUNCE:
            undone += returned.take_back(notice.delivery, notice.status_before, at=notice.created_at)
        elif notice.kind == Kind.FEEDBACK:
            _release(notice.delivery)
        notice.undone_at = timezone.now()
        notice.save(update_fields=["undone_at"])
    return undone


def _note(mail: Incoming, delivery: Delivery, said: NoticedRecipient) -> None:
    """Once a delivery, however often the mail is handled."""
    notice, is_new = Notice.objects.get_or_create(
        incoming=mail.row,
        delivery=delivery,
        kind=mail.kind,
        defaults={
            "address": said.address,
            "status": said.status or "",
            "reason": said.reason or "",
            "diagnostic": said.diagnostic[:_MAX_DIAGNOSTIC],
        },
    )
    if not is_new and notice.undone_at is None:
        return
    if mail.kind in _NEWS:
        notice.status_before = returned.note(delivery, _report(mail, said))
        notice.undone_at = None
        notice.save(update_fields=["status_before", "undone_at"])
    elif mail.found.is_complaint:
        _suppress(delivery)
    log.info("notice.recorded", kind=mail.kind, delivery=delivery.pk, reason=said.reason)


def _report(mail: Incoming, said: NoticedRecipient) -> returned.Report:
    forwarded = f" It was forwarded to {said.address}." if said.original_address else ""
    return returned.Report(
        news=_NEWS[mail.kind],
        reporter=mail.fields.get("from", "")[:200] or "a mail server",
        cause=cause_id_of(said.reason),
        sentence=(said.reason.sentence if said.reason else mail.found.why) + forwarded,
        reply=_reply(said),
    )


def _reply(said: NoticedRecipient) -> str:
    """The server's words; the first line of a longer reply is written as its last one is, 550 instead of 550-."""
    return _CONTINUED.sub(r"\1 ", " ".join(said.diagnostic.split())[:_MAX_DIAGNOSTIC])


def _said_of(delivery: Delivery, mail: Incoming, *, is_only: bool) -> NoticedRecipient:
    """What the notice says of this delivery's recipient; of a single delivery, whatever it says."""
    for said in mail.found.recipients:
        if delivery.recipient.lower() in _spellings(said):
            return said
    return next(iter(mail.found.recipients), _NOBODY) if is_only else _NOBODY


def _spellings(said: NoticedRecipient) -> list[str]:
    return [address.lower() for address in (said.address, said.original_address) if address]


def _tokens(mail: Incoming) -> Iterator[str]:
    """Sub-addresses of what may have been a return path of ours, the envelope's recipient first."""
    if mail.destination.kind is AddressKind.BOUNCE and mail.destination.tag:
        yield mail.destination.tag
    for address in mail.found.return_paths:
        _, tag = untag_return_path(address)
        if tag:
            yield tag


def _envelope_id(raw: bytes) -> str:
    """RFC 3464 §2.2.1."""
    blocks = (read_delivery_status(content) for content in read_report(raw).statuses)
    return next((id_ for block in blocks if (id_ := block.message.get("original-envelope-id", ""))), "")


def _author(mail: Incoming) -> str:
    """Whose machine answered."""
    return next(addresses_in(mail.fields.get("from", "")), "")


def _suppress(delivery: Delivery) -> None:
    """Who calls mail spam gets no more mailings; a quotation asked for may still be sent."""
    reason = "The recipient reported a message as unwanted."
    entry = suppressions.Entry(address=delivery.recipient, reason=reason, scope=Scope.MASS)
    suppressions.suppress(delivery.workspace, [entry], source=Suppression.Source.COMPLAINT)


def _release(delivery: Delivery) -> None:
    found = suppressions.find(delivery.workspace, addresses=[delivery.recipient], source=Suppression.Source.COMPLAINT)
    found.delete()


def _joined(recipients: Iterator[str]) -> str:
    return ", ".join(recipients)
