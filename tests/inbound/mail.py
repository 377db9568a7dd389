"""How do the tests receive mail, and what do the reports look like that mail servers send?"""

from collections.abc import Sequence
from threading import Barrier, Thread
from typing import Any

from django.db import connection

from postroom.inbound.handle import handle, handle_received
from postroom.inbound.models import IncomingMessage, Source
from postroom.inbound.receive import Arrival, receive
from postroom.outbound.models import Delivery
from tests.peers.waiting import PATIENCE_SECONDS

BOUNCE = "bounce@company-name.com"


def take(raw: bytes, *recipients: str, **fields: Any) -> IncomingMessage:
    """Receive a mail and handle what waits; the first of its rows."""
    id_ = receive(Arrival(raw=raw, source=Source.MX, recipients=recipients, **fields))[0]
    handle_received()
    return IncomingMessage.objects.get(pk=id_)


def handle_together(ids: Sequence[int]) -> None:
    """Handle these mails at the same moment, each in a worker of its own."""
    barrier = Barrier(len(ids))

    def work(id_: int) -> None:
        barrier.wait(timeout=PATIENCE_SECONDS)
        handle(id_)
        connection.close()

    workers = [Thread(target=work, args=(id_,)) for id_ in ids]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=PATIENCE_SECONDS)


def letter(*fields: str, from_: str = "Mary <mary@customer.example.com>", subject: str = "Hello") -> bytes:
    """A mail that a person wrote."""
    given = {field.partition(":")[0].lower() for field in fields}
    usual = ["To: info@company-name.com", f"Message-ID: <{subject.replace(' ', '.')}@customer.example.com>"]
    lines = [f"From: {from_}", f"Subject: {subject}", *fields]
    lines += [field for field in usual if field.partition(":")[0].lower() not in given]
    return "\r\n".join([*lines, "", "How are you?", ""]).encode()


def report(
    *,
    recipient: str,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 No such user here",
    envelope_id: str = "",
    returned: str = "",
) -> bytes:
    """A delivery status notification as Postfix writes it."""
    envelope = f"Original-Envelope-Id: {envelope_id}\r\n" if envelope_id else ""
    return (
        "From: MAILER-DAEMON@mx.customer.example.com (Mail Delivery System)\r\n"
        f"Subject: Undelivered Mail Returned to Sender\r\nTo: {BOUNCE}\r\nAuto-Submitted: auto-replied\r\n"
        f"Message-ID: <{action}.{recipient}@mx.customer.example.com>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.customer.example.com\r\n{envelope}\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {diagnostic}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}\r\n--b--\r\n"
    ).encode()


def complaint(delivery: Delivery) -> bytes:
    """A feedback report (RFC 5965) on a message of ours."""
    return (
        "From: fbl@provider.example\r\nSubject: Complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis is a feedback report.\r\n"
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: mary@company-name.com\r\nTo: {delivery.recipient}\r\n"
        f"Message-ID: {delivery.message.message_id}\r\n\r\nHello\r\n--b--\r\n"
    ).encode()
