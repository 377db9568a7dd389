"""Are programs told what became of mail – signed, once it is true, and until they have it?"""

import asyncio
import base64
import hashlib
import hmac
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

from postroom.outbound.models import Delivery
from postroom.outbound.steer import Action, Choice, steer
from postroom.outbound.suppressions import Entry, suppress
from postroom.policy.webhook import LIFETIME, Event
from postroom.webhooks import deliver, tasks
from postroom.webhooks.models import Webhook, WebhookEvent
from postroom.webhooks.outbox import emit
from postroom.webhooks.subscriptions import add_webhook, enable_webhook
from postroom.workspaces.alerts import open_alerts
from postroom.workspaces.create import create_workspace
from tests.outbound.office import Courier, Office, lane_of
from tests.webhooks.conftest import Listener


def add(office: Office, listener: Listener, *events: Event) -> Webhook:
    return add_webhook(office.workspace, listener.url, events=events or tuple(Event), by="tests")


def tell(webhook: Webhook) -> Webhook:
    deliver.tell(webhook.pk)
    webhook.refresh_from_db()
    return webhook


def happen(office: Office, count: int = 1, event: Event = Event.MESSAGE_SENT) -> None:
    for number in range(count):
        emit(office.workspace, event, {"number": number})


def waiting() -> list[str]:
    return list(WebhookEvent.objects.order_by("created_at").values_list("type", flat=True))


def test_what_servers_answered_is_told(office: Office, courier: Courier, listener: Listener) -> None:
    webhook = add(office, listener)
    with courier.mailbox(gone="550 5.1.1 No such user", later="450 4.2.0 Busy") as mailbox:
        server = office.add_server(mailbox.port)
        message = office.send(*(f"{name}@customer.example.com" for name in ("joe", "gone", "later")), tags=("a",))
        courier.drain(lane_of(server))
    tell(webhook)
    told = {event["data"]["recipient"].partition("@")[0]: event for event in listener.events}
    assert {name: event["type"] for name, event in told.items()} == {
        "joe": "message.sent", "gone": "message.bounced", "later": "message.deferred",
    }  # fmt: skip
    data = told["gone"]["data"]
    assert data["message"] == str(message)
    assert (data["tags"], data["stream"], data["attempts"]) == (["a"], "transactional", 1)
    assert data["reply"] == "550 5.1.1 No such user"
    assert data["reason"]


@pytest.mark.parametrize(("stream", "is_mass"), [("transactional", False), ("mass", True)])
def test_a_suppressed_address_is_told_as_such(office: Office, listener: Listener, stream: str, is_mass: bool) -> None:
    webhook = add(office, listener)
    suppress(office.workspace, [Entry(address="joe@customer.example.com", reason="Asked for it.")])
    office.send("joe@customer.example.com", stream=stream)
    tell(webhook)
    (event,) = listener.events
    assert event["type"] == "message.suppressed"
    assert event["data"]["status"] == ("canceled" if is_mass else "bounced")


def test_held_and_unknown_mail_is_told_and_canceled_or_waiting_mail_is_not(office: Office, listener: Listener) -> None:
    add(office, listener)
    office.send()
    steer(office.workspace, Action.HOLD, Choice())
    steer(office.workspace, Action.RELEASE, Choice())
    Delivery.objects.update(status="deferred", reason="The server has a fault.")  # as a server's fault does it
    steer(office.workspace, Action.CANCEL, Choice())
    Delivery.objects.update(status="unknown")
    Delivery.objects.update(status="unknown", attempts=3)
    assert waiting() == ["message.held", "message.unknown"]


def test_only_the_events_and_the_workspace_asked_for_are_told(office: Office, listener: Listener) -> None:
    add(office, listener, Event.MESSAGE_HELD)
    other = create_workspace("other", company="Other")
    add_webhook(other, listener.url, by="tests")
    office.send()
    steer(office.workspace, Action.HOLD, Choice())
    Delivery.objects.update(status="expired")
    happen(office, event=Event.MESSAGE_SENT)
    assert waiting() == ["message.held"]


def test_what_was_rolled_back_is_not_told(office: Office, listener: Listener) -> None:
    add(office, listener)
    with transaction.atomic():
        office.send()
        steer(office.workspace, Action.HOLD, Choice())
        transaction.set_rollback(True)
    assert waiting() == []


def test_posts_are_signed_as_the_documentation_verifies_them(office: Office, listener: Listener) -> None:
    webhook = add(office, listener)
    secret = Webhook.objects.get().secret
    happen(office)
    listener.answers = [500]
    tell(webhook)
    WebhookEvent.objects.update(due_at=timezone.now())
    tell(webhook)
    (first, body), (second, same_body) = listener.posts
    assert first["webhook-id"] == second["webhook-id"]
    assert body == same_body
    assert abs(int(first["webhook-timestamp"]) - time.time()) < 30
    signed = f"{first['webhook-id']}.{first['webhook-timestamp']}.".encode() + body
    expected = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert first["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    assert first["content-type"] == "application/json"


def test_the_secret_is_sealed_at_rest(office: Office, listener: Listener) -> None:
    secret = add(office, listener).secret
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM webhooks_webhook")
        assert secret.removeprefix("whsec_") not in cursor.fetchone()[0]


def test_an_event_that_fails_is_put_off_and_delays_no_other(office: Office, listener: Listener) -> None:
    webhook = add(office, listener)
    happen(office, 3)
    listener.answers = [200, 500]
    before = timezone.now()
    webhook = tell(webhook)
    after = timezone.now()
    assert [event["data"]["number"] for event in listener.events] == [0, 1, 2]
    (left,) = WebhookEvent.objects.all()
    assert (left.payload, left.failures) == ({"number": 1}, 1)
    assert before + timedelta(seconds=3) < left.due_at < after + timedelta(seconds=7)
    assert (webhook.faults, webhook.failing_since) == (0, None)


def test_a_receiver_that_is_away_rests_and_what_waits_keeps_its_place(office: Office, listener: Listener) -> None:
    webhook = add(office, listener)
    happen(office, 10)
    listener.answers = [503] * 3
    webhook = tell(webhook)
    assert len(listener.posts) == 3
    assert (webhook.faults, webhook.fault) == (3, "HTTP 503 Service Unavailable")
    assert webhook.rests_until > timezone.now()
    assert WebhookEvent.objects.filter(due_at__lte=timezone.now()).count() == 7
    assert deliver.with_due_events() == []
    Webhook.objects.update(rests_until=timezone.now())
    WebhookEvent.objects.update(due_at=timezone.now())
    webhook = tell(webhook)
    assert (waiting(), webhook.faults, webhook.fault) == ([], 0, "")


def test_a_failure_of_an_hour_is_an_alert_until_it_is_over(office: Office, listener: Listener) -> None:
    webhook = add(office, listener)
    happen(office, 2)
    Webhook.objects.update(failing_since=timezone.now() - timedelta(hours=2))
    listener.answers = [500]
    deliver._tell(Webhook.objects.get(), list(WebhookEvent.objects.all()[:1]), deliver.reach(webhook))
    assert [alert.kind for alert in open_alerts()] == ["webhook_failing"]
    tell(webhook)
    assert not open_alerts().exists()


@pytest.mark.parametrize(("failing_for", "answer"), [(LIFETIME, 500), (timedelta(0), 410)])
def test_after_three_days_or_410_gone_it_is_told_nothing_more(
    office: Office, listener: Listener, failing_for: timedelta, answer: int
) -> None:
    webhook = add(office, listener)
    happen(office, 2)
    Webhook.objects.update(failing_since=timezone.now() - failing_for)
    listener.answers = [answer]
    webhook = tell(webhook)
    happen(office)
    assert (webhook.is_active, waiting()) == (False, [])
    assert "is no longer called" in open_alerts().get().what_to_do
    enable_webhook(webhook, by="tests")
    happen(office)
    tell(webhook)
    assert len(listener.posts) == 2
    assert not open_alerts().exists()


def test_an_event_is_dropped_after_three_days(office: Office, listener: Listener) -> None:
    webhook = add(office, listener)
    happen(office, 2)
    oldest = WebhookEvent.objects.earliest("created_at").pk
    WebhookEvent.objects.filter(pk=oldest).update(created_at=timezone.now() - LIFETIME)
    listener.answers = [500, 500]
    tell(webhook)
    assert not WebhookEvent.objects.filter(pk=oldest).exists()
    assert len(waiting()) == 1


def test_two_who_deliver_at_once_post_each_event_once(office: Office, listener: Listener) -> None:
    add(office, listener)
    happen(office, 60)
    listener.before_answer = lambda: time.sleep(0.002)

    async def both() -> None:
        await asyncio.gather(tasks.look_after(0.1), tasks.look_after(0.1))
        await sync_to_async(connections.close_all)()

    asyncio.run(both())
    assert waiting() == []
    assert len(listener.posts) == len({headers["webhook-id"] for headers, _ in listener.posts}) == 60


def test_a_hosted_installation_tells_nobody_in_its_own_network(
    office: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = add(office, listener)
    happen(office)
    monkeypatch.setattr(settings, "POSTROOM", replace(settings.POSTROOM, hosted=True))
    webhook = tell(webhook)
    assert listener.connections == 0
    assert "private network" in webhook.fault


def test_a_removed_webhook_is_no_fault_of_who_is_telling_it(office: Office, listener: Listener) -> None:
    webhook = add(office, listener)
    happen(office, 2)
    listener.before_answer = lambda: Webhook.objects.all().delete() and None
    deliver.tell(webhook.pk)
    assert len(listener.posts) == 2
