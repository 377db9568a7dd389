"""Do people steer the mail that they mean, told before how much it is, and can they take it back?"""

import asyncio
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from postroom.outbound import steer, tasks
from postroom.outbound.models import Delivery, Message, MessageContent
from postroom.policy.permission import Role
from postroom.web.views import steering
from postroom.workspaces.models import Workspace
from tests.web.samples import make_member, store_message


@pytest.fixture
def manager(workspace: Workspace) -> Client:
    client = Client()
    client.force_login(make_member(workspace, "manager@company-name.com", role=Role.MANAGER))
    return client


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


def test_says_how_many_before_anything_happens(manager: Client, workspace: Workspace) -> None:
    store_message(workspace, {"a@example.com": "queued", "b@example.com": "deferred", "c@example.com": "sent"})
    text = manager.get("/messages/steer?action=hold").content.decode()
    assert "2 deliveries will wait until a person releases them." in text
    assert states() == ["queued", "deferred", "sent"]
    answer = manager.post("/messages/steer?action=hold", follow=True)
    assert "2 deliveries are held." in answer.content.decode()
    assert states() == ["held", "held", "sent"]


def test_steers_only_what_the_filters_show(manager: Client, workspace: Workspace) -> None:
    store_message(workspace, {"a@example.com": "queued"}, tags=["invoice"])
    store_message(workspace, {"b@example.com": "queued"})
    manager.post("/messages/steer?action=cancel&tag=invoice")
    assert states() == ["canceled", "queued"]


def test_steers_only_what_is_ticked(manager: Client, workspace: Workspace) -> None:
    ticked = store_message(workspace, {"a@example.com": "queued"})
    store_message(workspace, {"b@example.com": "queued"})
    manager.post(f"/messages/steer?action=hold&text=anything&message={ticked.pk}")
    assert states() == ["held", "queued"]


def test_asks_to_tick_what_a_search_found(manager: Client, workspace: Workspace) -> None:
    store_message(workspace, {"a@example.com": "queued"})
    answer = manager.post("/messages/steer?action=cancel&text=a%40", follow=True)
    assert "Tick the e-mails that you mean" in answer.content.decode()
    assert states() == ["queued"]


def test_takes_a_cancellation_back_but_no_earlier_one(manager: Client, workspace: Workspace) -> None:
    earlier = store_message(workspace, {"a@example.com": "canceled"})
    earlier.deliveries.update(finished_at=timezone.now() - timedelta(hours=1))
    store_message(workspace, {"b@example.com": "queued"})
    text = manager.post("/messages/steer?action=cancel", follow=True).content.decode()
    undo = text.partition("1 delivery is canceled. ")[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    manager.post(undo)
    assert states() == ["canceled", "queued"]


def test_what_is_kept_no_longer_is_not_restored(workspace: Workspace) -> None:
    message = store_message(workspace, {"a@example.com": "canceled"})
    MessageContent.objects.filter(message=message).delete()
    assert steer.steer(workspace, steer.Action.RESTORE, steer.Choice()) == 0


@pytest.mark.parametrize("query", ["", "action=destroy", "action=hold&message=x"])
def test_refuses_an_address_that_makes_no_sense(manager: Client, query: str) -> None:
    assert manager.get(f"/messages/steer?{query}").status_code == 400


def test_a_member_who_may_not_steer_is_refused(member: Client, workspace: Workspace) -> None:
    message = store_message(workspace, {"a@example.com": "queued"})
    assert member.post("/messages/steer?action=cancel").status_code == 403
    assert member.post(f"/messages/{message.pk}/steer", {"action": "cancel"}).status_code == 403
    assert 'name="message"' not in member.get("/messages").content.decode()


def test_another_workspaces_mail_stays(outsider: Client, workspace: Workspace) -> None:
    message = store_message(workspace, {"a@example.com": "queued"})
    make_member(workspace, "m@company-name.com")
    assert outsider.post(f"/messages/{message.pk}/steer", {"action": "cancel"}).status_code in {403, 404}
    assert states() == ["queued"]


def test_one_message_is_taken_back_while_it_waits_for_its_time(manager: Client, workspace: Workspace) -> None:
    message = store_message(workspace, {"a@example.com": "queued"})
    message.deliveries.update(due_at=timezone.now() + timedelta(minutes=2))
    assert "Take back" in manager.get(f"/messages/{message.pk}").content.decode()
    text = manager.post(f"/messages/{message.pk}/steer", {"action": "cancel"}, follow=True).content.decode()
    assert "1 delivery is canceled." in text
    assert "Restore" in text
    assert "Take back" not in text


def test_many_are_done_in_the_background(
    manager: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> None:
    monkeypatch.setattr(steering, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(steer, "AT_ONCE", 2)
    store_message(workspace, {f"r{number}@example.com": "queued" for number in range(5)})
    text = manager.post("/messages/steer?action=hold", follow=True).content.decode()
    assert "0 of 5 deliveries are done." in text
    job = ProcrastinateJob.objects.get(task_name="outbound.steer_many")
    asyncio.run(tasks.steer_many.func(**job.args))
    assert states() == ["held"] * 5


def test_a_choice_is_read_back_as_it_was_written() -> None:
    choice = steer.Choice(tag="x", finished_since=timezone.now(), statuses=frozenset({"held"}))  # type: ignore[arg-type]
    assert steer.Choice.from_json(choice.as_json()) == choice


def test_a_retry_in_the_background_does_not_meet_its_own_mail_again(workspace: Workspace) -> None:
    message = store_message(workspace, {"a@example.com": "deferred"})
    message.deliveries.update(submitted_at=timezone.now() + timedelta(hours=1))
    assert steer.steer_all(workspace, steer.Action.RETRY, steer.Choice()) == 0


def test_sends_the_same_content_again_as_a_new_message(manager: Client, workspace: Workspace) -> None:
    dates = b"Message-ID: <old@x>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
    head = b"From: mary@company-name.com\r\nSubject: Hello\r\n" + dates
    old = store_message(workspace, {"a@example.com": "sent", "b@example.com": "bounced"}, head=head)
    chosen = {"recipient": ["b@example.com", "stranger@example.com"]}
    text = manager.post(f"/messages/{old.pk}/again", chosen, follow=True).content.decode()
    assert "this is the new one" in text
    new = Message.objects.exclude(pk=old.pk).get()
    assert [delivery.recipient for delivery in new.deliveries.all()] == ["b@example.com"]
    assert new.message_id != old.message_id
    content = bytes(MessageContent.objects.get(message=new).head)
    assert b"<old@x>" not in content
    assert b"2024" not in content
    assert b"Subject: Hello" in content


def test_says_why_a_message_cannot_be_sent_again(manager: Client, workspace: Workspace) -> None:
    message = store_message(workspace)
    assert (
        "Choose at least one recipient" in manager.post(f"/messages/{message.pk}/again", follow=True).content.decode()
    )
    MessageContent.objects.all().delete()
    answer = manager.post(f"/messages/{message.pk}/again", {"recipient": "customer@example.com"}, follow=True)
    assert "kept no longer" in answer.content.decode()
