"""What stands in the database after a submission: everything, or nothing?"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from postroom.errors import HeaderError, NoRecipientsError, UnknownServerError
from postroom.outbound.compose import MessageTooLargeError
from postroom.outbound.models import Delivery, Message, MessageContent, Stream
from postroom.outbound.submit import Queued, submit
from postroom.policy.composition import Draft
from postroom.policy.retry import MASS_LIFETIME_HOURS
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.dkim import hash_body
from postroom.rfc.message import Attachment
from postroom.rfc.submitted import read_submitted
from tests.outbound.office import Office, delivery, statuses

MARY = parse_mailbox("mary@company-name.com")
JOE = parse_mailbox("joe@customer.example.com")


def draft(**fields: object) -> Draft:
    return Draft(**{"from_": MARY, "to": (JOE,), "subject": "Hello", "text": "Hi", **fields})  # type: ignore[arg-type]


def nothing_is_stored() -> bool:
    return not any(model.objects.exists() for model in (Message, MessageContent, Delivery))


def test_a_message_is_stored_with_its_decision_and_a_delivery_for_each_recipient(office: Office) -> None:
    office.add_domain()
    server = office.add_server(from_filter="company-name.com")
    submission = office.submission("joe@customer.example.com", "ann@customer.example.com", tags=("spring", "größer"))
    (receipt,) = submit([submission])
    message = Message.objects.get(pk=receipt.id)
    assert (message.server, message.company, message.source) == (server, office.company, "http")
    assert (message.author_from, message.header_from) == ('"Mary" <mary@company-name.com>',) * 2
    assert (message.return_path, message.reply_to) == ("bounce@company-name.com", "catchall@company-name.com")
    assert (message.message_id, message.tags) == (receipt.message_id, ["spring", "größer"])
    assert message.routed_version == office.company.workspace.routing_version
    assert statuses() == dict.fromkeys(("joe@customer.example.com", "ann@customer.example.com"), "queued")
    assert receipt.recipients == ("joe@customer.example.com", "ann@customer.example.com")


def test_the_stored_hash_is_the_one_that_dkim_signs(office: Office) -> None:
    content = MessageContent.objects.get(pk=office.send())
    assert bytes(content.body_hash) == hash_body(bytes(content.body))
    assert len(bytes(content.body_hash)) == 32


def test_one_refused_message_stores_none_of_them(office: Office) -> None:
    office.add_server()
    good, bad = office.submission(), office.submission(content=draft(subject="Hello\r\nBcc: all@example.com"))
    with pytest.raises(HeaderError):
        submit([good, bad, good])
    assert nothing_is_stored()


def test_an_unknown_forced_server_stores_nothing(office: Office) -> None:
    with pytest.raises(UnknownServerError):
        submit([office.submission(), office.submission(forced_server=987654)])
    assert nothing_is_stored()


def test_a_message_without_recipients_is_refused(office: Office) -> None:
    for content, recipients in ((draft(to=()), None), (draft(), ())):
        with pytest.raises(NoRecipientsError) as refusal:
            submit([office.submission(content=content, recipients=recipients)])
        assert refusal.value.field == "to"
    assert nothing_is_stored()


def test_a_message_over_the_size_limit_is_refused_with_both_sizes(office: Office, settings: Settings) -> None:
    limit: int = settings.POSTROOM.max_message_bytes
    submission = office.submission(content=draft(attachments=(Attachment("film.mp4", bytes(limit * 3 // 4)),)))
    with pytest.raises(MessageTooLargeError, match=rf"at most {limit:,} are taken"):
        submit([submission])
    assert nothing_is_stored()


def test_a_thousand_messages_take_no_more_queries_than_one(office: Office) -> None:
    office.add_server()
    counts = []
    for number in (1, 1, 1000):
        submissions = [office.submission()] * number
        with CaptureQueriesContext(connection) as queries:
            submit(submissions)
        counts.append(len(queries))
    assert counts[1] == counts[2] <= 12
    assert Message.objects.count() == Delivery.objects.count() == 1002


@pytest.mark.django_db(transaction=True)
def test_threads_that_submit_at_once_each_get_their_own(office: Office) -> None:
    office.add_server()
    submissions = [office.submission(f"customer{number}@customer.example.com") for number in range(40)]

    def submit_some(start: int) -> list[Queued]:
        try:
            return [queued for number in range(start, start + 10) for queued in submit([submissions[number]])]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        queued = [one for some in threads.map(submit_some, range(0, 40, 10)) for one in some]
    for number, one in enumerate(queued):
        assert Delivery.objects.get(message=one.id).recipient == f"customer{number}@customer.example.com"


def test_nothing_to_submit_is_no_error(office: Office) -> None:
    assert submit([]) == []


def test_nobody_gets_a_message_twice(office: Office) -> None:
    """The domain is the same in any case and with or without a name; the local part belongs to the other side."""
    office.send("joe@customer.example.com", '"Joe" <joe@CUSTOMER.example.com>', "Joe@customer.example.com")
    assert list(statuses()) == ["joe@customer.example.com", "Joe@customer.example.com"]


def test_carbon_copies_and_blind_copies_are_delivered_and_blind_ones_not_written(office: Office) -> None:
    boss = Mailbox("", "boss", "customer.example.com")
    audit = Mailbox("", "audit", "customer.example.com")
    message = office.send(content=draft(cc=(boss,), bcc=(audit, JOE)))
    assert list(statuses(message)) == [m.address for m in (JOE, boss, audit)]
    assert b"audit" not in bytes(MessageContent.objects.get(pk=message).head)


def test_the_envelope_given_counts_and_not_the_header(office: Office) -> None:
    message = office.send(recipients=(parse_mailbox("list@customer.example.com"),))
    assert list(statuses(message)) == ["list@customer.example.com"]


def test_a_scheduled_message_is_due_and_ages_from_its_time(office: Office) -> None:
    at = datetime(2031, 5, 1, 9, tzinfo=UTC)
    message = office.send(scheduled_at=at)
    waiting = delivery()
    assert (waiting.due_at, waiting.submitted_at, waiting.expires_at) == (at, at, at + timedelta(days=5))
    assert Message.objects.get(pk=message).scheduled_at == at


def test_mass_mail_waits_in_a_lane_of_its_own_and_expires_earlier(office: Office) -> None:
    server = office.add_server()
    office.send("joe@customer.example.com")
    office.send("ann@customer.example.com", stream=Stream.MASS)
    joe, ann = delivery("joe@customer.example.com"), delivery("ann@customer.example.com")
    assert (joe.lane.stream, ann.lane.stream) == ("transactional", "mass")
    assert joe.lane.outlet.server == ann.lane.outlet.server == server
    assert ann.expires_at - ann.submitted_at == timedelta(hours=MASS_LIFETIME_HOURS)


@pytest.mark.parametrize("subject", ["=?utf-8?q?a=00b?=", "=?utf-8?b?7aCA?=", "=?utf-8?q?a=0d=0ab?="])
def test_an_odd_subject_of_a_mail_client_is_stored_as_text(office: Office, subject: str) -> None:
    """PostgreSQL has no NUL and no lone surrogate in text; an encoded word may hold either."""
    raw = f"From: mary@company-name.com\r\nTo: joe@customer.example.com\r\nSubject: {subject}\r\n\r\nHello\r\n"
    message = office.send(content=read_submitted(raw.encode()))
    assert subject.encode() in bytes(MessageContent.objects.get(pk=message).head)
    stored = Message.objects.get(pk=message).subject
    assert "\x00" not in stored
    stored.encode()
