"""What follows when a delivery has come to nothing: its recipient's fault is counted, and its author is told."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby

import structlog
from django.db import connection, transaction
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from postroom.domains.senders import alias_domain_of, own_addresses
from postroom.errors import PostroomError
from postroom.outbound import suppressions
from postroom.outbound.models import Attempt, Delivery, Message, MessageContent, Stream
from postroom.outbound.statements import statement
from postroom.outbound.submit import Submission, submit
from postroom.policy.author_notice import Failure, explain, is_told
from postroom.policy.status import FAILED, Status
from postroom.policy.suppression import fault_of
from postroom.rfc.address import parse_mailbox
from postroom.rfc.auto_submitted import automatic_marks
from postroom.rfc.dsn_writing import UndeliveredTo, render_dsn
from postroom.rfc.headers import encode_identifiers, encode_mailboxes, encode_text
from postroom.rfc.reply import Reply
from postroom.rfc.submitted import SubmittedMessage
from postroom.workspaces.language import told
from postroom.workspaces.people import language_for

log = structlog.get_logger()
AT_ONCE = 500  # deliveries a transaction
# Found later than that (the installation stood still, or was updated), a report would only puzzle.
WORTH_TELLING = timedelta(days=2)
TOLD_SOURCES = {"http", "smtp", "web"}
# RFC 3463 §3.5 and §3.1: time expired; no more is known.
_EXPIRED_STATUS, _FAILED_STATUS = "4.4.7", "5.0.0"


def expire() -> int:
    """Give up mail whose server had a fault until its time was over; how many deliveries, AT_ONCE at most."""
    with connection.cursor() as cursor:
        cursor.execute(statement("expire"), {"limit": AT_ONCE})
        return int(cursor.rowcount)


@transaction.atomic
def follow() -> int:
    """Do what follows from failures not looked at before; how many deliveries, AT_ONCE at most."""
    cause = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-pk").values("cause")[:1]
    failed = list(
        Delivery.objects.filter(Q(status__in=FAILED), followed_at=None)
        .annotate(cause=Subquery(cause))
        .select_related("message__company__workspace")
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("message", "id")[:AT_ONCE]
    )
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in failed]).update(followed_at=Now())
    _count_faults(failed)
    for message, deliveries in groupby(failed, key=lambda delivery: delivery.message):
        _tell_author(message, list(deliveries))
    return len(failed)


def _count_faults(failed: Iterable[Delivery]) -> None:
    for delivery in failed:
        fault = fault_of(delivery.cause or "")  # type: ignore[attr-defined] # annotated above
        if fault and delivery.finished_at:
            suppressions.note_fault(
                delivery.message.company.workspace,
                delivery.recipient,
                fault,
                at=delivery.finished_at,
                reason=delivery.reason,
            )


def _tell_author(message: Message, deliveries: Sequence[Delivery]) -> None:
    """Queue a report to the author, where one waits for it; one for all of these."""
    head = _head_for_report(message)
    recent = [d for d in deliveries if d.finished_at and timezone.now() - d.finished_at < WORTH_TELLING]
    if head is None or not recent:
        return
    try:
        with transaction.atomic():
            submit([_report(message, head, recent)])
    except PostroomError as error:
        log.warning("author.not_told", message=str(message.pk), error=error.message)


def _head_for_report(message: Message) -> bytes | None:
    """The header of a message whose author is to be told of its failure; None when nobody is."""
    wants = message.company.workspace.bounces_to_author and message.stream == Stream.TRANSACTIONAL
    if not wants or message.is_automatic or message.source not in TOLD_SOURCES or not message.author_from:
        return None
    content = MessageContent.objects.filter(pk=message.pk).values_list("head", flat=True).first()
    if content is None:
        return None
    author, own = parse_mailbox(message.author_from), own_addresses(message.company)
    return bytes(content) if is_told(bytes(content), author, own_addresses=own) else None


def _report(message: Message, head: bytes, deliveries: Sequence[Delivery]) -> Submission:
    author = parse_mailbox(message.author_from)
    failures = [_failure(delivery) for delivery in deliveries]
    with translation.override(language_for(message.company.workspace, author.address)):
        explanation = explain(message.subject, failures, told)
        subject = _("Not delivered: %(subject)s") % {"subject": message.subject}
    report = render_dsn(
        explanation,
        [_undelivered(delivery) for delivery in deliveries],
        reporting_mta=alias_domain_of(message.company).name,
        returned_head=head,
        boundary=secrets.token_hex(12),
    )
    fields = [
        encode_mailboxes("To", [author]),
        encode_text("Subject", subject),
        encode_identifiers("In-Reply-To", [message.message_id]),
        encode_identifiers("References", [message.message_id]),
        *(encode_text(name, value) for name, value in automatic_marks("auto-replied")),
    ]
    content = SubmittedMessage(
        head=b"".join([*fields, report.head]), body=report.body, from_=(), sender=None, to=(author,), cc=(), bcc=(),
        subject=subject, message_id=None,
    )  # fmt: skip
    return Submission(content=content, company=message.company, source="report", is_automatic=True)


def _failure(delivery: Delivery) -> Failure:
    finished_at = delivery.finished_at or timezone.now()
    return Failure(
        recipient=delivery.recipient,
        has_expired=delivery.status == Status.EXPIRED,
        reason=delivery.reason,
        reply=delivery.reply_text,
        tried_for=finished_at - delivery.submitted_at,
    )


def _undelivered(delivery: Delivery) -> UndeliveredTo:
    otherwise = _EXPIRED_STATUS if delivery.status == Status.EXPIRED else _FAILED_STATUS
    code, _, words = delivery.reply_text.partition(" ")
    # Not every report quotes the server with its code.
    status = Reply(int(code), (words,)).enhanced if code.isdigit() else None
    return UndeliveredTo(delivery.recipient, status or otherwise, delivery.reply_text, delivery.finished_at)
