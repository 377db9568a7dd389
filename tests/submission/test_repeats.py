"""Is a mail that an application hands in twice one message, where the workspace wants that – and only then?"""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db.models import F

from postroom.outbound.models import IdempotencyKey, Message
from postroom.workspaces.keys import create_key
from postroom.workspaces.models import Workspace
from tests.submission.conftest import Entrance
from tests.submission.test_server import MARY, hand_in, with_fields

MAIL = with_fields("Message-ID: <order-42@shop.example>")
JOE = "joe@customer.example.com"


@pytest.fixture
def dropping(workspace: Workspace) -> None:
    Workspace.objects.update(drops_repeats=True)


def test_without_the_wish_each_mail_is_a_message(client: smtplib.SMTP) -> None:
    assert hand_in(client, MAIL) != hand_in(client, MAIL)
    assert Message.objects.count() == 2


@pytest.mark.usefixtures("dropping")
def test_a_repeat_is_answered_as_the_first_whatever_else_it_says(client: smtplib.SMTP) -> None:
    first = hand_in(client, MAIL, MARY, JOE)
    assert first[0] == 250
    assert hand_in(client, b"X-Try: 2\r\n" + MAIL, JOE, MARY) == first
    assert Message.objects.count() == 1


@pytest.mark.usefixtures("dropping")
def test_other_recipients_another_key_another_id_or_none_make_a_new_message(
    client: smtplib.SMTP, entrance: Entrance, workspace: Workspace
) -> None:
    other_key = Entrance(entrance.port, create_key(workspace, name="other"))
    with other_key.connect() as other:
        answers = [
            hand_in(client, MAIL),
            hand_in(client, MAIL, MARY, JOE),
            hand_in(other, MAIL),
            hand_in(client, MAIL.replace(b"42", b"43")),
            hand_in(client),
            hand_in(client),
        ]
    assert len(set(answers)) == Message.objects.count() == 6


@pytest.mark.usefixtures("dropping")
def test_after_a_day_it_is_a_new_message(client: smtplib.SMTP) -> None:
    first = hand_in(client, MAIL)
    IdempotencyKey.objects.update(created_at=F("created_at") - timedelta(hours=25))
    assert hand_in(client, MAIL) != first


@pytest.mark.usefixtures("dropping")
def test_what_was_refused_may_come_again(client: smtplib.SMTP) -> None:
    refused = MAIL.replace(b"Subject", b"X-Postroom-Company: Nobody\r\nSubject")
    assert hand_in(client, refused)[0] >= 500
    assert hand_in(client, MAIL)[0] == 250


@pytest.mark.usefixtures("dropping")
def test_two_at_once_are_one_message(entrance: Entrance) -> None:
    def send() -> tuple[int, str]:
        with entrance.connect() as client:
            return hand_in(client, MAIL)

    with ThreadPoolExecutor(2) as threads:
        first, second = (threads.submit(send) for _ in range(2))
    assert first.result() == second.result()
    assert Message.objects.count() == 1
