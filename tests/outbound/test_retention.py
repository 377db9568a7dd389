"""Does mail go when its workspace keeps it no longer, and never what still waits?"""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from postroom.outbound import compose, retention, search
from postroom.outbound.models import Attempt, Delivery, Message, MessageContent, Suppression
from postroom.outbound.steer import Action, Choice, steer
from postroom.outbound.suppressions import Entry, suppress
from postroom.policy.status import FINAL, Status
from postroom.workspaces.models import Workspace
from tests.outbound.office import Courier, Office, delivery, lane_of, statuses

DAY_MS = 86_400_000


@pytest.fixture
def aged(monkeypatch: pytest.MonkeyPatch) -> "Aged":
    return Aged(monkeypatch)


class Aged:
    """Lets mail have been handed in days ago, by its identifier and its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def send(self, office: Office, *to: str, days: int, status: Status = Status.SENT, **fields: object) -> UUID:
        made = compose.uuid7
        with self._monkeypatch.context() as patch:
            patch.setattr(compose, "uuid7", lambda: UUID(int=made().int - (days * DAY_MS << 80)))
            message = office.send(*to, **fields)
        Message.objects.filter(pk=message).update(created_at=timezone.now() - timedelta(days=days))
        Delivery.objects.filter(message=message).update(status=status, finished_at=Now())
        return message


def kept() -> dict[UUID, bool]:
    """Each message that is left, and whether its content is."""
    contents = set(MessageContent.objects.values_list("pk", flat=True))
    return {id_: id_ in contents for id_ in Message.objects.values_list("pk", flat=True)}


def test_content_goes_after_a_month_and_the_rest_after_half_a_year(office: Office, aged: Aged) -> None:
    young, month, year = (aged.send(office, days=days) for days in (29, 31, 181))
    Attempt.objects.create(delivery=Delivery.objects.get(message=year), server_name="x", outcome="sent")
    assert retention.prune() == {"contents": 1, "messages": 1}
    assert kept() == {young: True, month: False}
    assert not Attempt.objects.exists()
    assert retention.prune() == {"contents": 0, "messages": 0}


@pytest.mark.parametrize("status", sorted(set(Status) - FINAL))
def test_what_is_not_finished_stays_however_old(office: Office, aged: Aged, status: Status) -> None:
    message = aged.send(office, "joe@customer.example.com", "ann@customer.example.com", days=400)
    Delivery.objects.filter(recipient="ann@customer.example.com").update(status=status)
    retention.prune()
    assert kept() == {message: True}
    assert len(statuses()) == 2


def test_age_counts_from_the_day_a_message_was_to_leave(office: Office, aged: Aged) -> None:
    message = aged.send(office, days=200, scheduled_at=timezone.now() + timedelta(seconds=1))
    Message.objects.update(scheduled_at=timezone.now() - timedelta(days=2))
    retention.prune()
    assert kept() == {message: True}


def test_a_workspace_keeps_its_mail_as_long_as_it_wants(office: Office, aged: Aged) -> None:
    Workspace.objects.update(body_days=3, history_days=10)
    old, older = aged.send(office, days=5), aged.send(office, days=11)
    retention.prune()
    assert kept() == {old: False}
    assert older not in kept()


def test_more_than_a_page_goes_in_one_night(office: Office, aged: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)
    for _ in range(5):
        aged.send(office, days=200)
    waiting = aged.send(office, days=200, status=Status.HELD)
    assert retention.prune()["messages"] == 5
    assert kept() == {waiting: True}


def test_a_message_without_content_is_still_shown_and_not_sent_again(office: Office, aged: Aged) -> None:
    message = aged.send(office, days=31, status=Status.BOUNCED)
    retention.prune()
    found = search.find_message(Workspace.objects.all(), message)
    assert found is not None
    assert found.head == b""
    assert steer(office.workspace, Action.RETRY, Choice()) == 0


def test_mail_whose_content_went_in_the_very_moment_is_held_and_delays_no_other(
    busy_office: Office, courier: Courier
) -> None:
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        MessageContent.objects.filter(pk=busy_office.send("joe@customer.example.com")).delete()
        busy_office.send("ann@customer.example.com")
        courier.drain(lane_of(server))
    assert statuses() == {"joe@customer.example.com": "held", "ann@customer.example.com": "sent"}
    assert delivery("joe@customer.example.com").reason.startswith("Its content is no longer kept")


def test_expired_suppressions_go(office: Office) -> None:
    entries = [
        Entry(address="joe@a.example", reason="x", expires_at=timezone.now() - timedelta(days=1)),
        Entry(address="ann@a.example", reason="x"),
    ]
    suppress(office.workspace, entries)
    retention.prune()
    assert [row.address for row in Suppression.objects.all()] == ["ann@a.example"]
