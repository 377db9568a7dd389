"""Does mail that comes in find its conversation, for everybody whom it concerns, and no other?"""

import pytest
from django.db import connection

from postroom.inbound.models import IncomingMessage, Source
from postroom.inbound.receive import Arrival, receive
from postroom.outbound.models import Delivery, Message, Stream
from postroom.policy.notification import Way
from postroom.threads import inbox
from postroom.threads.models import Post, Record
from postroom.webhooks.models import WebhookEvent
from postroom.webhooks.subscriptions import add_webhook
from postroom.workspaces.models import Alert
from postroom.workspaces.parameters import LOOP_THRESHOLD, set_parameter
from tests.inbound.mail import handle_together, letter, take
from tests.threads.desk import MARY, Desk, text_of, waiting

CATCHALL = "catchall@company-name.com"


@pytest.fixture
def lead(desk: Desk) -> int:
    """A lead about which Mary got a mail; Ann follows by mail, Ben in his inbox."""
    desk.add_server()
    lead = desk.add_record()
    desk.follow(lead, MARY)
    desk.write(lead, None, text="Shall we come on Monday?")
    desk.follow(lead, desk.add_user("Ann"))
    desk.follow(lead, desk.add_user("Ben", way=Way.INBOX))
    return lead


def answer(*fields: str, **kwargs: str) -> bytes:
    """To the only mail that left so far, by its Message-ID."""
    return letter(f"In-Reply-To: {waiting()[0]['Message-ID']}", **kwargs) if not fields else letter(*fields, **kwargs)


def test_an_answer_is_logged_and_told_to_each_follower_by_the_way_they_prefer(desk: Desk, lead: int) -> None:
    raw = answer().replace(
        b"How are you?", b"Monday is fine.\r\n\r\nOn Monday, Joe wrote:\r\n> Shall we come on Monday?"
    )
    row = take(raw, str(waiting()[0]["Reply-To"]))
    assert (row.state, row.kind, row.record_id, row.author) == (
        "handled", "reply", lead, "mary@customer.example.com",
    )  # fmt: skip
    assert "It was sent to the signed reply address" in row.reason
    assert row.reason.endswith("Agreement: 100 of 100.")
    (copy,) = waiting()[1:]
    assert (copy["To"], copy["Auto-Submitted"]) == ("Ann <ann@company-name.com>", "auto-generated")
    assert "Monday is fine." in text_of(copy)
    assert "Shall we come" not in text_of(copy)
    (note,) = inbox.unread(desk.workspace.memberships.get(user__name="Ben").user, desk.workspace)
    assert note.post == row.post
    assert note.post.text.strip() == "Monday is fine."


def test_a_stranger_who_names_a_thread_waits_for_a_person(desk: Desk, lead: int) -> None:
    row = take(answer(from_="eve@elsewhere.example"), CATCHALL)
    assert (row.state, row.record_id, row.post) == ("unrouted", lead, None)
    assert "no part in" in row.reason
    assert "Agreement: 50 of 100." in row.reason
    assert len(waiting()) == 1  # no answer tells eve that there is such a thread


def test_a_stranger_may_write_to_the_alias_of_the_thread_that_they_name(desk: Desk, lead: int) -> None:
    desk.call("/aliases", {"local_part": "roof", "domains": ["company-name.com"], "forced_record": lead})
    assert take(answer(from_="eve@elsewhere.example"), "roof@company-name.com").state == "handled"


def test_an_answer_to_several_addresses_comes_into_the_thread_once(desk: Desk, lead: int) -> None:
    desk.call("/aliases", {"local_part": "info", "domains": ["company-name.com"], "record_type": "crm.lead"})
    take(answer(), str(waiting()[0]["Reply-To"]), "info@company-name.com", CATCHALL)
    assert Post.objects.filter(kind="email").count() == 1
    assert sorted(IncomingMessage.objects.values_list("state", flat=True)) == ["duplicate", "duplicate", "handled"]


def test_a_user_answers_an_internal_note_among_users(desk: Desk, lead: int) -> None:
    ann = desk.workspace.memberships.get(user__name="Ann").user
    desk.write(lead, None, kind="note", text="She pays late.")
    note = waiting()[-1]
    take(letter(f"In-Reply-To: {note['Message-ID']}", from_="ann@company-name.com"), str(note["Reply-To"]))
    post = Post.objects.latest("pk")
    assert (post.user, post.subtype and post.subtype.key) == (ann, "note")
    assert not post.notifications.filter(contact__isnull=False)


def test_a_copy_of_our_own_mail_that_comes_back_is_told_to_nobody_again(desk: Desk, lead: int) -> None:
    take(answer(), str(waiting()[0]["Reply-To"]))
    own, copy = (bytes(mail) for mail in waiting())
    for number, raw in enumerate((own, copy)):
        row = take(b"From: notifications@company-name.com\r\n" + raw, CATCHALL)
        assert (row.state, row.kind) == ("handled", "loop"), number
    assert Post.objects.count() == 2


def test_the_answer_to_a_mailing_goes_to_its_authors_own_thread(desk: Desk) -> None:
    mailing = {"to": "mary@customer.example.com", "subject": "News", "text": "x", "stream": "mass"}
    desk.app.post("/messages", {**mailing, "from": desk.add_user("Joe").email})
    references = f"In-Reply-To: {Message.objects.get(stream=Stream.MASS).message_id}"
    first = take(letter(references, subject="Re: News"), CATCHALL)
    second = take(letter(references, subject="Re: News again"), CATCHALL)
    assert first.record_id == second.record_id
    record = Record.objects.get()
    assert (record.type.key, str(record)) == ("postroom.contact", "Mary <mary@customer.example.com>")
    assert second.post
    assert list(second.post.notifications.values_list("address", flat=True)) == ["joe@company-name.com"]


def test_past_the_budget_the_thread_pauses_and_nobody_is_mailed(desk: Desk, lead: int) -> None:
    set_parameter(desk.workspace, LOOP_THRESHOLD, "2")
    rows = [
        take(answer(f"References: {desk.record(lead).root}", subject="a " * number), CATCHALL) for number in range(1, 5)
    ]
    assert [row.kind for row in rows] == ["reply", "reply", "loop", "loop"]
    assert "is paused" in rows[-1].reason
    assert len(waiting()) == 3
    assert Alert.objects.get().kind == "mail_loop"


def test_a_mail_without_an_author_waits_on_the_desk(desk: Desk, lead: int) -> None:
    assert take(answer(from_="nobody at all"), CATCHALL).state == "unrouted"


def test_programs_are_told_of_what_is_created_replied_and_bounced(desk: Desk, lead: int) -> None:
    add_webhook(desk.workspace, "http://127.0.0.1:9/", by="a test")
    desk.call("/aliases", {"local_part": "info", "domains": ["company-name.com"], "record_type": "crm.lead"})
    made = take(letter(subject="New"), "info@company-name.com")
    take(answer(), CATCHALL)
    told = {event.type: event.payload for event in WebhookEvent.objects.all()}
    assert told["thread.created"] == {
        "record": made.record_id, "type": "crm.lead", "external_id": None, "name": "New", "values": {},
        "post": made.post_id, "author": "Mary <mary@customer.example.com>", "subject": "New",
        "message_id": "<New@customer.example.com>", "automatic": False,
    }  # fmt: skip
    assert (told["thread.replied"]["record"], told["thread.replied"]["external_id"]) == (lead, "Roof of Mary's house")


def test_programs_are_told_when_the_mail_of_a_thread_bounces(desk: Desk, lead: int) -> None:
    add_webhook(desk.workspace, "http://127.0.0.1:9/", by="a test")
    Delivery.objects.update(status="sent")
    Delivery.objects.update(status="bounced", reason="There is no such mailbox.", reply_text="550 5.1.1 Unknown")
    connection.check_constraints()  # what is told at the transaction's end is told now
    event = WebhookEvent.objects.get(type="thread.bounced")
    assert event.payload == {
        "record": lead, "type": "crm.lead", "external_id": "Roof of Mary's house", "post": Post.objects.get().pk,
        "recipient": "mary@customer.example.com", "status": "bounced", "reason": "There is no such mailbox.",
        "reply": "550 5.1.1 Unknown",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_of_two_copies_handled_at_the_same_moment_one_is_a_duplicate() -> None:
    Desk()
    ids = [
        receive(Arrival(raw=letter(), source=Source.MX, recipients=(CATCHALL,), workspace=None))[0] for _ in range(2)
    ]
    handle_together(ids)
    assert sorted(IncomingMessage.objects.values_list("state", flat=True)) == ["duplicate", "unrouted"]
