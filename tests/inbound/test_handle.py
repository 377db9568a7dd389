"""Is every mail that comes in handled once, and none lost, whatever it is and whatever goes wrong?"""

import pytest

from postroom.inbound import handle
from postroom.inbound.incoming import Incoming
from postroom.inbound.models import IncomingContent, IncomingMessage
from tests.inbound.mail import letter, take
from tests.outbound.office import Office

pytestmark = pytest.mark.django_db


def test_is_kept_as_it_came_with_what_is_known_of_its_way(office: Office) -> None:
    raw = b"\xff\x00 no mail at all"
    row = take(raw, "nobody@company-name.com", return_path="", peer="192.0.2.1", helo="mx.example")
    assert (bytes(row.content.raw), row.content.return_path, row.content.peer) == (raw, "", "192.0.2.1")


def test_goes_to_the_desk_with_the_reason_when_no_step_can_settle_it(office: Office) -> None:
    row = take(letter(), "nobody@company-name.com")
    assert (row.state, row.workspace) == ("unrouted", office.workspace)
    assert "No address of ours" in row.reason


def test_handles_a_mail_once_that_comes_by_two_ways(office: Office) -> None:
    first = take(letter(), "bounce@company-name.com")
    copy = take(b"Received: from elsewhere\r\n" + letter(), "bounce@company-name.com")
    assert (first.state, copy.state) == ("unrouted", "duplicate")
    assert f"number {first.pk}" in copy.reason


def test_takes_a_repeated_message_id_with_another_content_for_another_mail(office: Office) -> None:
    take(letter("Message-ID: <1@shop>", subject="Order 1"), "bounce@company-name.com")
    assert take(letter("Message-ID: <1@shop>", subject="Order 2"), "bounce@company-name.com").state == "unrouted"


def test_stores_one_content_for_all_recipients(office: Office) -> None:
    take(letter(), "a@company-name.com", "b@company-name.com", "a@company-name.com")
    assert IncomingContent.objects.count() == 1
    assert sorted(IncomingMessage.objects.values_list("recipient", flat=True)) == [
        "a@company-name.com",
        "b@company-name.com",
    ]


def test_reads_from_the_header_for_whom_a_mail_without_envelope_is(office: Office) -> None:
    row = take(letter("Delivered-To: Catchall@company-name.com", "To: friends@elsewhere.example"))
    assert (row.recipient, row.workspace) == ("catchall@company-name.com", office.workspace)


def test_leaves_mail_on_the_desk_that_fails_again_and_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(mail: Incoming) -> None:
        raise ValueError(mail.raw)

    monkeypatch.setattr(handle, "STEPS", (fail,))
    row = take(letter(), "nobody@company-name.com")
    assert row.state == "received"
    for _ in range(handle.MAX_TRIES):
        IncomingMessage.objects.update(due_at=row.content.received_at)
        handle.handle_received()
    row.refresh_from_db()
    assert (row.state, row.tries) == ("unrouted", handle.MAX_TRIES)
    assert "ValueError" in row.reason
