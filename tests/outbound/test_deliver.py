"""How does mail leave, and what is recorded of it, whatever the server does?"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from structlog.testing import capture_logs

from postroom.outbound import outlets, queue
from postroom.outbound.models import Attempt, Delivery, Message, Outlet
from postroom.outbound.search import find_message
from postroom.servers.archive import archive
from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Workspace
from tests.outbound.office import Courier, Office, delivery, end_connections, lane_of, outcomes, outlet, statuses
from tests.peers.postfix import Postfix
from tests.smtp.peer import Peer


async def takes_one(peer: Peer) -> None:
    await peer.greet()
    await take(peer)
    await peer.take_quit()


async def take(peer: Peer, answer: str = "250 2.0.0 queued") -> bytes:
    for command, reply in (("MAIL", "250 Ok"), ("RCPT", "250 Ok"), ("DATA", "354 Go")):
        await peer.hear(command)
        await peer.say(reply)
    content = await peer.hear_data()
    await peer.say(answer)
    return content


def open_again(closed: Outlet) -> None:
    """Let the time of the closure and of the deliveries' next attempts come."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    Outlet.objects.filter(pk=closed.pk).update(closed_until=past)
    Delivery.objects.filter(lane__outlet=closed).update(due_at=past)


# --- what servers answer -------------------------------------------------------------------------------------------


def test_each_recipient_of_a_message_has_an_outcome_of_its_own(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox(later="450 4.2.0 Mailbox busy", gone="550 5.1.1 User unknown") as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send("joe@customer.example.com", "later@customer.example.com", "gone@customer.example.com")
        courier.drain(lane_of(server))
    assert statuses() == {
        "joe@customer.example.com": "sent",
        "later@customer.example.com": "deferred",
        "gone@customer.example.com": "bounced",
    }
    ((_, recipients, _),) = mailbox.received
    assert recipients == ("joe@customer.example.com",)
    assert delivery("gone@customer.example.com").reply_text == "550 5.1.1 User unknown"
    assert delivery("joe@customer.example.com").finished_at is not None
    later = delivery("later@customer.example.com")
    assert (later.reply_code, later.finished_at, later.claimed_by) == (450, None, None)
    assert 40 < (later.due_at - datetime.now(UTC)).total_seconds() < 80
    assert outcomes("later@customer.example.com") == ["deferred"]


def test_a_real_postfix_takes_refuses_and_puts_off(busy_office: Office, courier: Courier, postfix: Postfix) -> None:
    server = busy_office.add_server(postfix.port)
    joe, gone, later = (f"{name}@customer.example.com" for name in ("joe-outbound", "gone", "later"))
    busy_office.send(joe, gone, later)
    courier.drain(lane_of(server))
    assert statuses() == {joe: "sent", gone: "bounced", later: "deferred"}
    assert len(postfix.messages(joe)) == 1


def test_an_attempt_keeps_the_dialog_and_who_was_talked_to(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send()
        courier.drain(lane_of(server))
    attempt = Attempt.objects.get()
    assert (attempt.server_name, attempt.cause) == (f"Company mail (127.0.0.1:{mailbox.port})", "accepted")
    assert "C: RCPT TO:<joe@customer.example.com>" in attempt.dialog.splitlines()
    assert "S: 250 2.0.0 queued" in attempt.dialog.splitlines()
    assert "Hello Joe" not in attempt.dialog


def test_a_connection_lost_after_the_message_leaves_its_outcome_unknown(busy_office: Office, courier: Courier) -> None:
    async def hangs_up(peer: Peer) -> None:
        await peer.greet()
        for command, reply in (("MAIL", "250 Ok"), ("RCPT", "250 Ok"), ("DATA", "354 Go")):
            await peer.hear(command)
            await peer.say(reply)
        await peer.hear_data()

    with courier.peer(hangs_up) as port:
        server = busy_office.add_server(port)
        busy_office.send()
        courier.drain(lane_of(server))
    assert statuses() == {"joe@customer.example.com": "unknown"}
    assert "may have arrived" in delivery().reason


def test_mail_refused_for_now_too_long_expires(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox(later="450 4.2.0 Mailbox busy") as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send("later@customer.example.com")
        now = datetime.now(UTC)
        Delivery.objects.update(submitted_at=now - timedelta(days=6), expires_at=now, attempts=1)
        courier.drain(lane_of(server))
    assert statuses() == {"later@customer.example.com": "expired"}


def test_mail_that_only_waited_for_its_turn_is_tried_on_after_a_first_refusal(
    busy_office: Office, courier: Courier
) -> None:
    """Its whole lifetime went by under a limit: that was no try."""
    with courier.mailbox(later="450 4.2.0 Mailbox busy") as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send("later@customer.example.com")
        now = datetime.now(UTC)
        Delivery.objects.update(submitted_at=now - timedelta(days=6), expires_at=now - timedelta(days=1))
        courier.drain(lane_of(server))
    waiting = delivery("later@customer.example.com")
    assert waiting.status == "deferred"
    assert waiting.due_at - now < timedelta(hours=1)
    assert timedelta(hours=3, minutes=59) < waiting.expires_at - now < timedelta(hours=4, minutes=1)


def test_many_recipients_go_over_in_transactions_of_a_hundred(busy_office: Office, courier: Courier) -> None:
    everyone = [f"joe{number}@customer.example.com" for number in range(230)]
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send(*everyone)
        courier.drain(lane_of(server))
    assert max(len(recipients) for _, recipients, _ in mailbox.received) <= 100
    assert sorted(r for _, recipients, _ in mailbox.received for r in recipients) == sorted(everyone)
    assert set(statuses().values()) == {"sent"}


def test_recipients_too_many_for_one_transaction_follow_in_the_next(busy_office: Office, courier: Courier) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        for refusal in (["452 4.5.3 Too many recipients"], []):
            for reply in ("250 Ok", "250 Ok", *refusal, "354 Go"):
                await peer.hear()
                await peer.say(reply)
            await peer.hear_data()
            await peer.say("250 2.0.0 queued")
        await peer.take_quit()

    with courier.peer(script) as port:
        server = busy_office.add_server(port)
        busy_office.send("joe@customer.example.com", "ann@customer.example.com")
        courier.drain(lane_of(server))
    assert set(statuses().values()) == {"sent"}
    assert outcomes("joe@customer.example.com") == outcomes("ann@customer.example.com") == ["sent"]


def test_several_connections_share_a_lane_without_duplicates(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, max_connections=4, max_messages_per_connection=3)
        for number in range(40):
            busy_office.send(f"joe{number}@customer.example.com")
        courier.drain(lane_of(server))
    assert len(mailbox.received) == 40
    assert set(statuses().values()) == {"sent"}
    assert Attempt.objects.count() == 40


# --- faults of a server --------------------------------------------------------------------------------------------


def test_a_refused_connection_closes_the_lane_and_the_mail_waits_with_the_reason(
    busy_office: Office, courier: Courier
) -> None:
    server = busy_office.add_server()
    for number in range(3):
        busy_office.send(f"joe{number}@customer.example.com")
    courier.drain(lane_of(server))
    assert set(statuses().values()) == {"deferred"}
    for waiting in Delivery.objects.all():
        assert waiting.reason.startswith("The server cannot be reached.")
        assert waiting.claimed_by is None
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]  # one was tried for all
    closed = outlet(server)
    assert closed.faults == 1
    assert closed.fault.startswith("The server cannot be reached.")
    assert closed.closed_until is not None
    assert 10 < (closed.closed_until - datetime.now(UTC)).total_seconds() <= 15
    assert courier.work() == []


@pytest.mark.parametrize(("wish", "seconds"), [("10 minutes", 600), ("24 hours", 3600)])
def test_a_server_with_a_fault_is_left_alone_as_long_as_it_wants(
    busy_office: Office, courier: Courier, wish: str, seconds: int
) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(f"421 4.3.2 Overloaded, try again in {wish}")

    with courier.peer(script) as port:
        server = busy_office.add_server(port, max_connections=1)
        for number in range(3):
            busy_office.send(f"joe{number}@customer.example.com")
        courier.drain(lane_of(server))
    assert set(statuses().values()) == {"deferred"}
    closed_until = outlet(server).closed_until
    assert closed_until is not None
    assert seconds - 60 < (closed_until - datetime.now(UTC)).total_seconds() <= seconds


def test_each_fault_in_a_row_doubles_the_closure_up_to_an_hour(busy_office: Office, courier: Courier) -> None:
    closed = outlet(None)
    delays = []
    for _ in range(10):
        delays.append(courier.ask(outlets.close, closed.pk, fault="no route to host", version=None))
        assert courier.ask(outlets.close, closed.pk, fault="the same, met by another worker", version=None) is None
        open_again(closed)
    assert [round(delay or 0) for delay in delays] == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_closed_lane_is_tried_again_when_its_time_has_come_and_success_forgets_the_faults(
    busy_office: Office, courier: Courier
) -> None:
    server = busy_office.add_server()
    busy_office.send()
    courier.drain(lane_of(server))
    with courier.mailbox() as mailbox:
        OutgoingServer.objects.update(port=mailbox.port)
        open_again(outlet(server))
        assert courier.work() == [outlet(server).pk]
        courier.drain(lane_of(server))
    assert statuses() == {"joe@customer.example.com": "sent"}
    opened = outlet(server)
    assert (opened.faults, opened.fault, opened.closed_until) == (0, "", None)


def test_a_change_of_settings_opens_a_closed_lane_at_once(busy_office: Office, courier: Courier) -> None:
    server = busy_office.add_server()
    for number in range(2):
        busy_office.send(f"joe{number}@customer.example.com")
    courier.drain(lane_of(server))
    assert courier.work() == []
    OutgoingServer.objects.update(username="mary")
    assert courier.work() == [outlet(server).pk]


def test_a_server_that_is_not_usable_as_it_is_set_up_says_so(busy_office: Office, courier: Courier) -> None:
    server = busy_office.add_server(authentication=OutgoingServer.Authentication.GMAIL)
    message = busy_office.send()
    courier.drain(lane_of(server))
    assert "not connected yet" in outlet(server).fault
    assert statuses() == {"joe@customer.example.com": "queued"}
    found = find_message(Workspace.objects.all(), message)
    assert found is not None
    assert [d.reason for d in found.deliveries] == [outlet(server).fault]


def test_a_server_whose_password_cannot_be_decrypted_closes_its_lane(busy_office: Office, courier: Courier) -> None:
    server = busy_office.add_server(username="mary", password="secret")
    busy_office.send()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE servers_outgoingserver SET password = 'v1:sealed under another key'")
    courier.drain(lane_of(server))
    assert "POSTROOM_SECRET_KEY" in outlet(server).fault


def test_a_fault_met_later_gives_back_what_was_not_begun(busy_office: Office, courier: Courier) -> None:
    """The server takes one message and then goes: the second is begun and lost, the third was never begun."""

    async def takes_one_and_leaves(peer: Peer) -> None:
        await peer.greet()
        await take(peer)
        await peer.hear("MAIL")
        await peer.say("421 4.3.2 Shutting down")

    with courier.peer(takes_one_and_leaves, takes_none) as port:
        server = busy_office.add_server(port)
        for name in ("first", "second", "third"):
            busy_office.send(f"{name}@customer.example.com")
        courier.drain(lane_of(server))
    deliveries = Delivery.objects.order_by("id")
    assert [(d.status, d.attempts) for d in deliveries] == [("sent", 1), ("deferred", 1), ("deferred", 0)]
    assert outlet(server).faults == 1


async def takes_none(peer: Peer) -> None:
    await peer.say("421 4.3.2 Shutting down")


# --- settings that change while mail waits (D8) --------------------------------------------------------------------


def headers(content: bytes, *names: str) -> list[str]:
    lines = content.decode().split("\r\n\r\n")[0].split("\r\n")
    return [line for name in names for line in lines if line.startswith(f"{name}:")]


def test_mail_of_an_archived_server_leaves_through_another(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    old = busy_office.add_server(name="Old", from_filter="company-name.com")
    sent = busy_office.send()
    courier.drain(lane_of(old))
    with courier.mailbox() as mailbox:
        archive(old)
        new = busy_office.add_server(mailbox.port, name="New", from_filter="company-name.com")
        Delivery.objects.update(due_at=datetime.now(UTC))
        courier.drain(lane_of(old))  # moves it; the worker hears of the new lane's mail by itself
        courier.drain(lane_of(new))
    assert statuses() == {"joe@customer.example.com": "sent"}
    assert delivery().attempts == 2
    assert delivery().message.trace["server"] == "New"
    assert delivery().message.server == new
    assert len(mailbox.received) == 1
    assert sent == delivery().message_id


def test_mail_leaves_an_archived_server_that_could_not_be_used(busy_office: Office, courier: Courier) -> None:
    """Its lane is closed without anything being claimed: the mail must be routed again all the same."""
    gmail = busy_office.add_server(name="Gmail", authentication=OutgoingServer.Authentication.GMAIL)
    busy_office.send()
    courier.drain(lane_of(gmail))
    with courier.mailbox() as mailbox:
        archive(gmail)
        new = busy_office.add_server(mailbox.port, name="New")
        assert courier.work() == [outlet(gmail).pk]
        courier.drain(lane_of(gmail))
        courier.drain(lane_of(new))
    assert statuses() == {"joe@customer.example.com": "sent"}


def test_a_changed_filter_and_alias_domain_change_from_reply_to_and_return_path(
    busy_office: Office, courier: Courier
) -> None:
    domain = busy_office.add_domain()
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, from_filter="company-name.com")
        busy_office.send()
        OutgoingServer.objects.update(from_filter="second-company.com")
        domain.name, domain.bounce, domain.catchall, domain.default_from = "second-company.com", "b", "c", "n"
        domain.save()
        courier.drain(lane_of(server))
    ((return_path, _, content),) = mailbox.received
    assert return_path == "b@second-company.com"
    assert headers(content, "From", "Reply-To") == [
        'From: "Mary" <n@second-company.com>',
        "Reply-To: c@second-company.com",
    ]


def test_a_from_that_is_allowed_by_now_is_the_authors_own_again(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, from_filter="other.example")
        message = busy_office.send()
        assert "notifications@" in delivery().message.header_from
        OutgoingServer.objects.update(from_filter="company-name.com")
        courier.drain(lane_of(server))
    ((_, _, content),) = mailbox.received
    assert headers(content, "From") == ['From: "Mary" <mary@company-name.com>']
    assert statuses(message) == {"joe@customer.example.com": "sent"}


def test_mail_that_forces_an_archived_server_is_held_with_the_reason(busy_office: Office, courier: Courier) -> None:
    forced = busy_office.add_server(name="Forced")
    busy_office.add_server(name="Other")
    busy_office.send(forced_server=forced.pk)
    OutgoingServer.objects.filter(pk=forced.pk).update(archived_at=datetime.now(UTC))
    courier.drain(lane_of(forced))
    held = delivery()
    assert (held.status, held.attempts, held.claimed_by) == ("held", 0, None)
    assert "Forced is archived" in held.reason


def test_a_delivery_left_behind_by_its_message_follows_it(busy_office: Office, courier: Courier) -> None:
    """It was being talked about while the others of its message were routed to another lane."""
    with courier.mailbox() as mailbox:
        old = busy_office.add_server(name="Old", priority=1)
        new = busy_office.add_server(mailbox.port, name="New", priority=2)
        message = busy_office.send()
        archive(old)
        version = busy_office.company.workspace.routing_version
        Message.objects.update(server=new, routed_version=version)
        assert delivery().lane_id == lane_of(old)
        courier.drain(lane_of(old))
        courier.drain(lane_of(new))
    assert statuses(message) == {"joe@customer.example.com": "sent"}


# --- a message that cannot be put together -------------------------------------------------------------------------


def test_a_message_that_cannot_be_signed_is_held_and_the_next_one_leaves(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, from_filter="company-name.com, other.example")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO domains_dkimkey (workspace_id, domain, selector, private_key, is_active, created_at)"
                " VALUES (%s, 'company-name.com', 's', 'v1:sealed under another key', true, now())",
                [busy_office.workspace.pk],
            )
        busy_office.send("first@customer.example.com")
        busy_office.send("second@customer.example.com", from_="mary@other.example")
        courier.drain(lane_of(server))
    assert statuses() == {"first@customer.example.com": "held", "second@customer.example.com": "sent"}
    assert "POSTROOM_SECRET_KEY" in delivery("first@customer.example.com").reason


# --- PostgreSQL goes away ------------------------------------------------------------------------------------------


def test_nothing_is_lost_or_sent_twice_when_postgresql_goes_away(busy_office: Office, courier: Courier) -> None:
    connection.ensure_connection()
    own = connection.connection.info.backend_pid

    async def away_at_two_and_five(number: int) -> None:
        if number in (2, 5):
            end_connections(but=own)

    with courier.mailbox() as mailbox:
        mailbox.before_answer = away_at_two_and_five
        server = busy_office.add_server(mailbox.port)
        for number in range(8):
            busy_office.send(f"joe{number}@customer.example.com")
        courier.drain(lane_of(server))
    assert set(statuses().values()) == {"sent"}
    assert sorted(r for _, recipients, _ in mailbox.received for r in recipients) == sorted(statuses())
    assert Attempt.objects.count() == 8


def test_a_dialog_in_the_log_shows_no_password(busy_office: Office, courier: Courier) -> None:
    async def logs_in(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN")
        await peer.hear("AUTH PLAIN")
        await peer.say("235 2.7.0 Welcome")
        await take(peer)
        await peer.take_quit()

    with capture_logs() as logs, courier.peer(logs_in) as port:
        server = busy_office.add_server(port, username="mary", password="so secret", logs_dialog=True)
        busy_office.send()
        courier.drain(lane_of(server))
    assert statuses() == {"joe@customer.example.com": "sent"}
    (dialog,) = [entry for entry in logs if entry["event"] == "dialog.ended"]
    assert "C: DATA" in dialog["lines"]
    written = f"{logs} {list(Attempt.objects.values())}"
    assert "so secret" not in written
    assert "AG1hcnkAc28gc2VjcmV0" not in written  # AUTH PLAIN's base64 of it


def test_a_message_over_the_servers_limit_bounces_without_asking(busy_office: Office, courier: Courier) -> None:
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port, max_message_bytes=100)
        busy_office.send()
        courier.drain(lane_of(server))
    assert mailbox.received == []
    refused = delivery()
    assert (refused.status, refused.tries.get().cause) == ("bounced", "too-large")
    assert "takes 100" in refused.reason


# --- our own faults ------------------------------------------------------------------------------------------------


@pytest.fixture
def results_that_cannot_be_written(busy_office: Office) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE outbound_attempt ADD CONSTRAINT full_up CHECK (reply_code <> 250)")
        yield
        cursor.execute("ALTER TABLE outbound_attempt DROP CONSTRAINT full_up")


@pytest.mark.usefixtures("results_that_cannot_be_written")
def test_a_carrier_that_fails_leaves_nothing_active(busy_office: Office, courier: Courier) -> None:
    Workspace.objects.update(resends_unknown=False)
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        for number in range(3):
            busy_office.send(f"joe{number}@customer.example.com")
        with pytest.raises(ExceptionGroup):
            courier.drain(lane_of(server))
    assert len(mailbox.received) == 1
    courier.ask(queue.settle_unknown)
    assert sorted(statuses().values()) == ["held", "queued", "queued"]
    assert not Delivery.objects.filter(status="queued").exclude(claimed_by=None).exists()


def test_a_drain_that_is_cut_off_leaves_in_doubt_only_what_it_was_talking_about(
    busy_office: Office, courier: Courier
) -> None:
    async def never_answers(_number: int) -> None:
        await asyncio.sleep(30)

    with courier.mailbox() as mailbox:
        mailbox.before_answer = never_answers
        server = busy_office.add_server(mailbox.port)
        for number in range(3):
            busy_office.send(f"joe{number}@customer.example.com")
        courier.drain_and_cut_off(lane_of(server), when=lambda: bool(mailbox.received))
    assert sorted(statuses().values()) == ["queued", "queued", "unknown"]
