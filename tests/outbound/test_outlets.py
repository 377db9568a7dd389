"""How do workers share a server's connections and limits, and what do its refusals teach them?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db.models import Sum
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from postroom.outbound import feed, lessons, outlets, queue
from postroom.outbound.models import Attempt, Delivery, DomainPause, Outlet, Share, Stream, Usage
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace
from tests.outbound.office import Courier, Office, delivery, lane_of, outlet, statuses

ME, OTHER, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)


def share(courier: Courier, at: Outlet, worker: UUID, *, in_use: int = 0, helps: bool = True) -> int | None:
    found = courier.ask(outlets.take_share, at.pk, worker=worker, in_use=in_use, seconds=15, helps=helps)
    return None if found is None else found.connections


def send(office: Office, count: int, *, name: str = "joe", **fields: object) -> None:
    for number in range(count):
        office.send(f"{name}{number}@customer.example.com", **fields)


def default_server(settings: Settings, port: int) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, default_server=f"smtp://127.0.0.1:{port}")


def count(status: str) -> int:
    return Delivery.objects.filter(status=status).count()


# --- connections ---------------------------------------------------------------------------------------------------


def test_a_worker_alone_has_all_connections_of_a_server(busy_office: Office, courier: Courier) -> None:
    at = outlet(busy_office.add_server(max_connections=5))
    assert share(courier, at, ME, helps=False) == 5


def test_who_does_not_come_to_help_leaves_a_server_to_the_one_at_it(busy_office: Office, courier: Courier) -> None:
    at = outlet(busy_office.add_server(max_connections=5))
    share(courier, at, ME)
    assert share(courier, at, OTHER, helps=False) is None


def test_connections_change_hands_as_they_are_let_go_and_are_never_more_than_the_server_allows(
    busy_office: Office, courier: Courier
) -> None:
    at = outlet(busy_office.add_server(max_connections=5))
    assert share(courier, at, ME) == 5
    assert share(courier, at, OTHER) == 0  # there is none left, but it has said that it wants some
    assert share(courier, at, ME, in_use=5) == 3
    assert share(courier, at, OTHER) == 0  # the first still uses its five
    assert share(courier, at, ME, in_use=3) == 3
    assert share(courier, at, OTHER) == 2
    assert Share.objects.aggregate(all=Sum("connections")) == {"all": 5}


def test_more_workers_than_connections_find_no_place(busy_office: Office, courier: Courier) -> None:
    at = outlet(busy_office.add_server(max_connections=2))
    assert share(courier, at, ME) == 2
    assert share(courier, at, OTHER) == 0
    assert share(courier, at, THIRD) is None


def test_the_share_of_a_worker_that_does_not_renew_it_goes_to_others(busy_office: Office, courier: Courier) -> None:
    at = outlet(busy_office.add_server(max_connections=2))
    share(courier, at, ME)
    Share.objects.update(until=Now() - timedelta(seconds=1))
    assert share(courier, at, OTHER, helps=False) == 2
    assert Share.objects.get().worker == OTHER


def test_a_second_worker_is_called_only_when_mail_has_to_wait(busy_office: Office, courier: Courier) -> None:
    server = busy_office.add_server(max_connections=2)
    busy_office.send()
    share(courier, outlet(server), ME)
    assert courier.ask(outlets.with_work, OTHER) == []
    Delivery.objects.update(due_at=Now() - timedelta(seconds=outlets.HELP_AFTER + 1))
    assert courier.ask(outlets.with_work, OTHER) == [(outlet(server).pk, True)]
    assert courier.ask(outlets.with_work, ME) == [(outlet(server).pk, False)]


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("span", ["minute", "hour", "day"])
def test_what_is_over_a_limit_waits_untouched(busy_office: Office, courier: Courier, span: str) -> None:
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, **{f"max_messages_per_{span}": 3})
        send(busy_office, 5)
        courier.drain(lane_of(server))
        assert (count("sent"), count("queued"), len(mailbox.received)) == (3, 2, 3)
        courier.drain(lane_of(server))
        assert len(mailbox.received) == 3
        Usage.objects.update(at=Now() - timedelta(days=1, seconds=1))
        courier.drain(lane_of(server))
    assert len(mailbox.received) == 5
    assert Attempt.objects.count() == 5


def test_a_limit_a_second_spreads_the_mail_over_seconds(
    busy_office: Office, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "QUIET_SECONDS", 2)
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, max_messages_per_second=2)
        send(busy_office, 5)
        courier.drain(lane_of(server))  # the wait is short: it is not left meanwhile
    assert len(mailbox.received) == 5
    assert max(Usage.objects.values_list("messages", flat=True)) <= 2
    assert Usage.objects.count() >= 3


def test_mass_mail_leaves_part_of_a_limit_for_transactional_mail(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, max_messages_per_hour=10)
        send(busy_office, 20, name="reader", stream=Stream.MASS)
        courier.drain(lane_of(server, "mass"))
        assert len(mailbox.received) == 8
        busy_office.send("joe@customer.example.com")
        courier.drain(lane_of(server))
    assert delivery().status == "sent"


def test_what_was_claimed_and_did_not_leave_does_not_count(busy_office: Office, courier: Courier) -> None:
    server = busy_office.add_server(port=1, max_messages_per_day=100)
    send(busy_office, 10)
    courier.drain(lane_of(server))
    assert count("deferred") == 10
    assert Usage.objects.aggregate(all=Sum("messages")) == {"all": 0}


def test_old_usage_is_folded_and_still_counts_until_its_window_has_passed(
    busy_office: Office, courier: Courier
) -> None:
    at = outlet(busy_office.add_server())
    now = datetime.now(UTC)
    for age in (10, 200, 210, 220, 4000, 90_000, 90_001):
        Usage.objects.create(outlet=at, workspace=busy_office.workspace, at=now - timedelta(seconds=age), messages=1)
    outlets.fold_usage()
    outlets.fold_usage()
    assert Usage.objects.aggregate(all=Sum("messages")) == {"all": 7}
    assert Usage.objects.count() < 7
    assert sum(Usage.objects.filter(at__gt=now - timedelta(hours=1)).values_list("messages", flat=True)) == 4


# --- the default server's daily limit (requirement G1) -------------------------------------------------------------


def test_over_the_daily_limit_mail_waits_for_a_day_that_is_shown_with_the_reason(
    busy_office: Office, courier: Courier, settings: Settings
) -> None:
    with courier.mailbox() as mailbox:
        default_server(settings, mailbox.port)
        Workspace.objects.update(default_server_daily_limit=2)
        send(busy_office, 7)
        courier.drain(lane_of(None))
        assert len(mailbox.received) == 2
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    waiting = Delivery.objects.filter(status="deferred").order_by("id")
    assert [(d.due_at.date() - tomorrow).days for d in waiting] == [0, 0, 1, 1, 2]
    assert "limit of 2 messages a day" in waiting[0].reason
    assert all(d.attempts == 0 for d in waiting)


def test_a_raised_daily_limit_lets_the_mail_that_was_put_off_leave(
    busy_office: Office, courier: Courier, settings: Settings
) -> None:
    with courier.mailbox() as mailbox:
        default_server(settings, mailbox.port)
        Workspace.objects.update(default_server_daily_limit=1)
        send(busy_office, 3)
        courier.drain(lane_of(None))
        Workspace.objects.update(default_server_daily_limit=10)
        queue.bring_forward(busy_office.workspace)
        courier.drain(lane_of(None))
    assert set(statuses().values()) == {"sent"}


def test_a_workspace_over_its_limit_holds_up_no_other(
    busy_office: Office, courier: Courier, settings: Settings
) -> None:
    other = Office(create_workspace("other-name", company="Other Company"))
    with courier.mailbox() as mailbox:
        default_server(settings, mailbox.port)
        Workspace.objects.filter(pk=busy_office.workspace.pk).update(default_server_daily_limit=1)
        send(busy_office, 3)
        send(other, 3, name="ann", from_="ann@other-name.example")
        courier.drain(lane_of(None))
    assert sorted(statuses().values()) == ["deferred", "deferred", "sent", "sent", "sent", "sent"]


# --- turns ---------------------------------------------------------------------------------------------------------


def test_campaigns_take_turns_whatever_their_size(busy_office: Office, courier: Courier) -> None:
    lane = lane_of(busy_office.add_server(), "mass")
    busy_office.send(*(f"a{n}@customer.example.com" for n in range(50)), stream=Stream.MASS, campaign="large")
    busy_office.send(*(f"b{n}@customer.example.com" for n in range(5)), stream=Stream.MASS, campaign="small")
    claimed = courier.claim(lane, worker=ME, limit=5)
    assert sorted(c.recipient[0] for c in claimed) == ["a"] * 5 + ["b"] * 5


def test_more_flows_than_share_a_claim_are_served_in_a_circle(busy_office: Office, courier: Courier) -> None:
    lane = lane_of(busy_office.add_server(), "mass")
    for number in range(7):
        busy_office.send(stream=Stream.MASS, campaign=str(number))
    everyone = [flow.id for flow in courier.ask(queue.next_flows, lane, after=queue.BEFORE_ALL, limit=10)]
    assert len(everyone) == 7
    first = [flow.id for flow in courier.ask(queue.next_flows, lane, after=queue.BEFORE_ALL, limit=4)]
    second = [flow.id for flow in courier.ask(queue.next_flows, lane, after=first[-1], limit=4)]
    assert first == everyone[:4]
    assert second == [*everyone[4:], everyone[0]]


def test_many_campaigns_that_wait_for_later_keep_nobody_busy(busy_office: Office, courier: Courier) -> None:
    lane = lane_of(busy_office.add_server(), "mass")
    later = datetime.now(UTC) + timedelta(hours=1)
    for number in range(2 * feed.FLOWS_AT_ONCE + 1):
        busy_office.send(stream=Stream.MASS, campaign=str(number), scheduled_at=later)
    courier.drain(lane)  # quiet, so it ends
    assert set(statuses().values()) == {"queued"}


def test_of_many_campaigns_the_one_that_is_due_is_found(busy_office: Office, courier: Courier) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with courier.mailbox() as mailbox:
        lane = lane_of(busy_office.add_server(mailbox.port), "mass")
        for number in range(2 * feed.FLOWS_AT_ONCE + 1):
            busy_office.send(f"joe{number}@customer.example.com", stream=Stream.MASS, campaign=str(number),
                             scheduled_at=None if number == 7 else later)  # fmt: skip
        courier.drain(lane)
    assert statuses()["joe7@customer.example.com"] == "sent"


# --- what refusals teach -------------------------------------------------------------------------------------------


def test_a_server_that_finds_the_pace_too_fast_is_fed_slower_and_not_closed(
    busy_office: Office, courier: Courier
) -> None:
    with courier.mailbox(fast="450 4.7.28 You are sending too fast, slow down") as mailbox:
        server = busy_office.add_server(mailbox.port)
        send(busy_office, 6)
        busy_office.send("fast@customer.example.com")
        send(busy_office, 6, name="ann")
        courier.drain(lane_of(server))
        taught = outlet(server)
        assert taught.learned_per_minute == 3  # half of the six that went through in the last minute
        assert "too fast" in taught.lesson
        assert taught.faults == 0
        assert len(mailbox.received) < 12
        Outlet.objects.update(learned_at=Now() - timedelta(hours=2))  # long ago: forgotten
        courier.drain(lane_of(server))
    assert statuses().pop("fast@customer.example.com") == "deferred"
    assert count("sent") == 12


def test_a_server_that_wants_fewer_connections_gets_fewer(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox(many="432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded") as mailbox:
        server = busy_office.add_server(mailbox.port, max_connections=3)
        busy_office.send("many@customer.example.com")
        courier.drain(lane_of(server))
    assert (outlet(server).learned_connections, outlet(server).faults) == (2, 0)
    assert share(courier, outlet(server), ME) == 2


def test_a_daily_limit_closes_the_server_for_more_than_moments(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox(joe="550 5.4.5 Daily user sending limit exceeded") as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send()
        courier.drain(lane_of(server))
    closed = outlet(server)
    assert closed.closed_until is not None
    assert (closed.closed_until - datetime.now(UTC)).total_seconds() > 800
    assert "limit for the day" in closed.fault
    assert delivery().status == "deferred"


def test_a_domain_whose_mailboxes_are_all_unwell_is_left_alone_and_others_are_not(
    busy_office: Office, courier: Courier
) -> None:
    later = {f"joe{n}": "450 4.2.1 Try again later" for n in range(lessons.STREAK)}
    with courier.mailbox(**later) as mailbox:
        server = busy_office.add_server(mailbox.port)
        send(busy_office, lessons.STREAK)
        courier.drain(lane_of(server))
        pause = DomainPause.objects.get()
        assert (pause.domain, pause.faults) == ("customer.example.com", 1)
        busy_office.send("new@customer.example.com")
        busy_office.send("ann@elsewhere.example.com")
        courier.drain(lane_of(server))
        assert statuses()["ann@elsewhere.example.com"] == "sent"
        waiting = delivery("new@customer.example.com")
        assert (waiting.status, waiting.attempts, waiting.due_at) == ("deferred", 0, pause.until)
