"""Is it known that mail was opened, where the workspace wants that, and what may have been a machine told as such?"""

import re
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from postroom.outbound import retention
from postroom.outbound.models import Delivery, Message, MessageContent, Opening
from postroom.outbound.submit import Submission
from postroom.policy.composition import Draft
from postroom.policy.opens import Followed
from postroom.policy.permission import Role
from postroom.policy.webhook import Event
from postroom.rfc.address import parse_mailbox
from postroom.rfc.submitted import read_submitted
from postroom.webhooks.models import WebhookEvent
from postroom.webhooks.subscriptions import add_webhook
from postroom.workspaces.models import Workspace
from tests.outbound.office import Courier, Office, lane_of
from tests.web.samples import make_member

THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.2.0"
APPLE_PROXY = "Mozilla/5.0"
SMTP_MAIL = b"From: mary@company-name.com\r\nTo: joe@customer.example.com\r\nContent-Type: text/html\r\n\r\n<p>Hello"


def follow(office: Office, wish: Followed) -> None:
    office.workspace.follows_opens = wish.value
    office.workspace.save(update_fields=["follows_opens"])


def newsletter(office: Office, *to: str, **fields: Any) -> Submission:
    recipients = tuple(map(parse_mailbox, to or ("joe@customer.example.com",)))
    author = parse_mailbox("mary@company-name.com")
    draft = Draft(from_=author, to=recipients, subject="News", text="Hello", html="<body><p>Hello</p></body>")
    return office.submission(content=draft, **fields)


def html_of(raw: bytes) -> str:
    part = message_from_bytes(raw, policy=policy.SMTP).get_body(("html",))
    assert part is not None
    return str(part.get_content())


def stored(message: UUID) -> bytes:
    content = MessageContent.objects.get(message=message)
    return bytes(content.head) + b"\r\n" + bytes(content.body)


def image_in(raw: bytes) -> str:
    """The path of the image, as a mail program finds it."""
    found = re.search(r'<img src="https?://[^/"]+(/[^"]+)" width="1" height="1" alt=""></body>', html_of(raw))
    assert found is not None
    return found[1]


def load(path: str, user_agent: str = THUNDERBIRD) -> None:
    answer = Client().get(path, headers={"User-Agent": user_agent})
    assert answer.content.startswith(b"GIF89a")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


def let_an_hour_pass() -> None:
    Delivery.objects.update(finished_at=F("finished_at") - timedelta(hours=1))


def timeline(office: Office, message: UUID) -> str:
    client = Client()
    client.force_login(make_member(office.workspace, role=Role.OWNER))
    page = client.get(f"/messages/{message}").content.decode()
    (section,) = re.findall(r'<ol class="timeline card">(.*?)</ol>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", section).split())


def test_the_delivered_mail_tells_when_it_is_opened(busy_office: Office, courier: Courier) -> None:
    follow(busy_office, Followed.ALL)
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        message = busy_office.send(content=newsletter(busy_office).content)
        courier.drain(lane_of(server))
    ((_, _, raw),) = mailbox.received
    let_an_hour_pass()
    load(image_in(raw), APPLE_PROXY)
    assert "opened Perhaps: its image was fetched 1 time, by what may be a machine" in timeline(busy_office, message)
    load(image_in(raw))
    load(image_in(raw))
    opening = Opening.objects.get(message=message)
    assert (opening.people, opening.machines) == (2, 1)
    assert opening.first_at < opening.last_at


def test_the_timeline_says_how_often_and_that_of_several_recipients_nobody_knows_which(office: Office) -> None:
    follow(office, Followed.ALL)
    message = office.send(content=newsletter(office, "joe@customer.example.com", "ann@customer.example.com").content)
    Delivery.objects.update(status="sent", finished_at=F("due_at") - timedelta(hours=1))
    load(image_in(stored(message)))
    assert "opened 1 time, by one or more of the recipients; nobody can tell which. just now" in timeline(
        office, message
    )


def test_what_is_fetched_within_seconds_of_the_delivery_may_be_a_scanner(office: Office) -> None:
    follow(office, Followed.ALL)
    load(image_in(stored(office.send(content=newsletter(office).content))))
    assert Opening.objects.values_list("people", "machines").get() == (0, 1)


@pytest.mark.parametrize(
    ("wish", "stream", "is_followed"),
    [("none", "mass", False), ("mass", "transactional", False), ("mass", "mass", True), ("all", "transactional", True)],
)
def test_only_the_mail_that_the_workspace_chose_has_an_image(
    office: Office, wish: str, stream: str, *, is_followed: bool
) -> None:
    follow(office, Followed(wish))
    submission = newsletter(office, stream=stream)
    assert ("/opened/" in html_of(stored(office.send(content=submission.content, stream=stream)))) is is_followed


def test_mail_that_came_in_by_smtp_stays_as_it_is(office: Office) -> None:
    follow(office, Followed.ALL)
    message = office.send(content=read_submitted(SMTP_MAIL), source="smtp")
    assert html_of(stored(message)) == "<p>Hello"


def test_a_workspace_that_begins_to_follow_needs_no_restart(office: Office) -> None:
    company = office.company
    before = Workspace.objects.get().routing_version
    follow(office, Followed.ALL)
    assert Workspace.objects.get().routing_version > before, "what is remembered of the workspace is read anew"
    assert company.workspace.follows_opens == "none"


def test_a_wrong_address_gets_the_same_image_and_counts_for_nothing(office: Office) -> None:
    follow(office, Followed.ALL)
    path = image_in(stored(office.send(content=newsletter(office).content)))
    digit = "0" if path[-5] != "0" else "1"
    for wrong in (f"{path[:-5]}{digit}.gif", "/opened/x.gif", "/opened/-1.gif", f"/opened/{'f' * 300}.gif"):
        load(wrong)
    assert not Opening.objects.exists()


def test_mail_that_is_kept_no_longer_is_opened_without_an_error(office: Office) -> None:
    follow(office, Followed.ALL)
    path = image_in(stored(office.send(content=newsletter(office).content)))
    load(path)
    retention._remove_messages(list(Message.objects.values_list("pk", flat=True)))
    load(path)
    assert not Opening.objects.exists()


def test_looking_at_a_sent_mail_on_a_page_does_not_open_it(office: Office) -> None:
    follow(office, Followed.ALL)
    message = office.send(content=newsletter(office).content)
    client = Client()
    client.force_login(make_member(office.workspace, role=Role.OWNER))
    shown = client.get(f"/messages/{message}/html?images=1").content.decode()
    assert "<p>Hello</p>" in shown
    assert "/opened/" not in shown


def test_webhooks_are_told_of_the_first_time_and_of_the_first_persons(office: Office) -> None:
    follow(office, Followed.ALL)
    add_webhook(office.workspace, "https://shop.example.com/news", events=[Event.MESSAGE_OPENED], by="tests")
    message = office.send(content=newsletter(office).content)
    path = image_in(stored(message))
    Delivery.objects.update(status="sent", finished_at=F("due_at") - timedelta(hours=1))
    for program in (APPLE_PROXY, APPLE_PROXY, THUNDERBIRD, THUNDERBIRD):
        load(path, program)
    told = [event.payload for event in WebhookEvent.objects.filter(type="message.opened")]
    assert sorted(payload["may_be_machine"] for payload in told) == [False, True]
    assert told[0]["recipient"] == "joe@customer.example.com"
    assert told[0]["message"] == str(message)


def test_handing_in_mail_takes_as_many_queries_with_images_as_without(office: Office) -> None:
    counts = []
    for wish in (Followed.NONE, Followed.ALL):
        follow(office, wish)
        office.send(content=newsletter(office).content)  # what is remembered of the settings is read
        submission = newsletter(office)
        with CaptureQueriesContext(connection) as queries:
            office.send(content=submission.content)
        counts.append(len(queries))
    assert counts[0] == counts[1]
