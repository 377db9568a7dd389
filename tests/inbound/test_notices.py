"""Does what comes back reach the delivery it is about, with all that follows from it, and can it be undone?"""

from datetime import timedelta

import pytest
from django.utils import timezone

from postroom.inbound.models import IncomingMessage, Notice
from postroom.inbound.notices import take_back
from postroom.outbound import failures, suppressions
from postroom.outbound.models import Delivery, Message, Standing
from postroom.policy.return_path import make_token
from postroom.vault import derive_key
from tests.inbound.mail import BOUNCE, complaint, report, take
from tests.outbound.office import Office, delivery, statuses

JOE, ANN = "joe@customer.example.com", "ann@customer.example.com"

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(office: Office) -> Delivery:
    """A quotation to Joe that a server took."""
    office.send(JOE)
    Delivery.objects.update(status="sent", finished_at=timezone.now())
    return delivery(JOE)


def signed(to: Delivery) -> str:
    return BOUNCE.replace("@", f"+{make_token(to.pk, key=derive_key('return path'))}@")


def test_a_failure_fails_the_delivery_and_names_the_cause_and_the_servers_words(sent: Delivery) -> None:
    row = take(report(recipient=JOE), signed(sent))
    sent.refresh_from_db()
    assert (row.state, row.kind, row.workspace) == ("handled", "bounce", sent.workspace)
    assert (sent.status, sent.reply_code, sent.reply_text) == ("bounced", 550, "550 5.1.1 No such user here")
    assert sent.reason == "There is no such mailbox."
    assert sent.tries.get().cause == "recipient-unknown"


def test_the_author_is_told_and_the_fault_counted_as_for_a_refusal_at_once(sent: Delivery) -> None:
    take(report(recipient=JOE), signed(sent))
    failures.follow()
    assert Message.objects.get(source="report").subject == "Not delivered: Quotation"
    assert Standing.objects.get().address == JOE


@pytest.mark.parametrize("key", ["envelope_id", "returned"])
def test_a_report_to_an_unsigned_return_path_is_found_by_what_it_says_of_the_message(sent: Delivery, key: str) -> None:
    said = {"envelope_id": str(sent.message_id), "returned": f"Message-ID: {sent.message.message_id}\r\n"}
    take(report(recipient=JOE, **{key: said[key]}), BOUNCE)
    assert statuses() == {JOE: "bounced"}


def test_a_report_names_the_recipient_among_several(office: Office) -> None:
    message = office.send(JOE, ANN)
    Delivery.objects.update(status="sent")
    take(report(recipient=ANN.upper(), envelope_id=str(message)), BOUNCE)
    assert statuses() == {JOE: "sent", ANN: "bounced"}


def test_a_report_on_where_mail_was_forwarded_to_counts_for_who_was_written_to(sent: Delivery) -> None:
    take(report(recipient="joe@elsewhere.example", envelope_id=str(sent.message_id)), BOUNCE)
    assert statuses() == {JOE: "bounced"}


def test_a_forged_token_finds_nothing(sent: Delivery) -> None:
    row = take(report(recipient=JOE), signed(sent).replace("@", "0@"))
    assert (row.state, statuses()) == ("unrouted", {JOE: "sent"})
    assert "No mail of ours" in row.reason


def test_a_report_on_another_workspaces_mail_finds_nothing(sent: Delivery) -> None:
    raw = report(recipient=JOE, returned=f"Message-ID: {sent.message.message_id}\r\n")
    assert take(raw, "bounce@stranger.example").state == "unrouted"
    assert statuses() == {JOE: "sent"}


def test_a_delay_is_told_and_changes_nothing(sent: Delivery) -> None:
    diagnostic = "451 4.7.1 Try again later"
    take(report(recipient=JOE, action="delayed", status="4.7.1", diagnostic=diagnostic), signed(sent))
    sent.refresh_from_db()
    assert (sent.status, sent.tries.get().reply_text) == ("sent", diagnostic)


def test_a_success_settles_an_unknown_outcome(sent: Delivery) -> None:
    Delivery.objects.update(status="unknown")
    take(report(recipient=JOE, action="delivered", status="2.0.0", diagnostic="250 2.0.0 OK"), signed(sent))
    assert statuses() == {JOE: "sent"}


def test_a_temporary_fault_of_the_server_is_not_counted_against_the_address(sent: Delivery) -> None:
    blocked = report(recipient=JOE, status="5.7.1", diagnostic="550 5.7.1 Your IP is blocked using Spamhaus")
    take(blocked, signed(sent))
    failures.follow()
    assert not Standing.objects.exists()


def test_what_was_no_bounce_is_undone(sent: Delivery) -> None:
    row = take(report(recipient=JOE), signed(sent))
    failures.follow()
    assert take_back(row) == 1
    assert take_back(row) == 0
    assert statuses()[JOE] == "sent"
    assert Standing.objects.get().score == pytest.approx(0, abs=0.001)


def test_the_suppression_that_a_bounce_led_to_is_undone_with_it(office: Office) -> None:
    for _ in range(2):
        office.send(JOE)
        Standing.objects.update(counted_at=timezone.now() - timedelta(days=2))
        last = Delivery.objects.filter(recipient=JOE).latest("pk")
        Delivery.objects.filter(pk=last.pk).update(status="sent")
        row = take(report(recipient=JOE, envelope_id=str(last.message_id)), BOUNCE)
        IncomingMessage.objects.update(fingerprint=bytes(32))  # two reports with the same Message-ID
        failures.follow()
    assert suppressions.find(office.workspace).get().address == JOE
    take_back(row)
    assert not suppressions.find(office.workspace).exists()


def test_a_complaint_stops_mailings_to_the_address(sent: Delivery) -> None:
    row = take(complaint(sent), BOUNCE)
    assert (row.kind, statuses()) == ("feedback", {JOE: "sent"})
    assert suppressions.find(sent.workspace).get().scope == "mass"
    take_back(row)
    assert not suppressions.find(sent.workspace).exists()


@pytest.mark.parametrize("kind", ["auth-failure", "not-spam"])
def test_a_report_that_nobody_complained_with_stops_no_mailings(sent: Delivery, kind: str) -> None:
    """RFC 6591: a server's word on a failed check; RFC 6430: the recipient's that the message is welcome."""
    row = take(complaint(sent).replace(b"Feedback-Type: abuse", f"Feedback-Type: {kind}".encode()), BOUNCE)
    assert (row.kind, Notice.objects.get().delivery) == ("feedback", sent)
    assert not suppressions.find(sent.workspace).exists()


def test_an_automatic_reply_is_kept_beside_the_mail_that_it_answers(sent: Delivery) -> None:
    raw = (
        f"From: {JOE}\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\nMessage-ID: <away@x.example>\r\n"
        f"In-Reply-To: {sent.message.message_id}\r\n\r\nI am away until Monday.\r\n"
    ).encode()
    row = take(raw, "catchall@company-name.com")
    assert (row.state, row.kind) == ("handled", "autoreply")
    assert Notice.objects.get().delivery == sent
