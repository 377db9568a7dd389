"""Does the capture server keep what it gets, and answer as the recipients' addresses ask?"""

import smtplib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from postroom.capture import search, store
from postroom.capture.models import CapturedMessage
from tests.smtp.listening import RawClient

MAIL = b"From: =?utf-8?q?J=C3=BCrgen?= <j@company-name.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello.\r\n"
SENDER = "bounce@company-name.com"


@pytest.fixture
def client(capture_port: int) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", capture_port) as client:
        yield client


def send(client: smtplib.SMTP, *local_parts: str, mail: bytes = MAIL) -> None:
    client.sendmail(SENDER, [f"{local_part}@customer.example.com" for local_part in local_parts], mail)


def test_keeps_the_mail_as_it_came_with_its_envelope(client: smtplib.SMTP) -> None:
    send(client, "mary", "joe")
    [kept] = CapturedMessage.objects.all()
    assert bytes(kept.raw) == MAIL
    assert kept.mail_from == SENDER
    assert kept.recipients == ["mary@customer.example.com", "joe@customer.example.com"]
    assert kept.subject == "Grüße"
    assert kept.header_from == "Jürgen <j@company-name.com>"
    assert (kept.peer, kept.tls, kept.login, kept.outcome) == ("127.0.0.1", "", "", "accepted")
    assert kept.size_bytes == len(MAIL)


def test_takes_any_credentials_in_clear_and_under_tls(client: smtplib.SMTP) -> None:
    client.login("anybody", "anything")
    send(client, "mary")
    with smtplib.SMTP("127.0.0.1", int(client.sock.getpeername()[1])) as second:
        second.starttls()
        second.login("somebody", "something")
        send(second, "mary")
    kept = CapturedMessage.objects.order_by("pk")
    assert [(message.login, message.tls) for message in kept] == [("anybody", ""), ("somebody", "TLSv1.3")]


def test_takes_mail_that_is_hardly_mail(client: smtplib.SMTP) -> None:
    for mail in [b"\r\n", b"\xff\x00\xfe\r\n", b"Subject: \0\xff\r\n\r\n" + b"x" * 5000 + b"\r\n"]:
        send(client, "mary", mail=mail)
    assert CapturedMessage.objects.count() == 3
    client.sendmail("", ["mary@customer.example.com"], MAIL)
    assert CapturedMessage.objects.order_by("-pk")[0].mail_from == ""


def test_refuses_one_recipient_and_takes_the_other(client: smtplib.SMTP) -> None:
    refused = client.sendmail(SENDER, ["bounce-550-5.1.10@x.example", "defer-451@x.example", "mary@x.example"], MAIL)
    assert {address: code for address, (code, _) in refused.items()} == {
        "bounce-550-5.1.10@x.example": 550,
        "defer-451@x.example": 451,
    }
    assert refused["bounce-550-5.1.10@x.example"][1].startswith(b"5.1.10 ")
    assert [message.recipients for message in CapturedMessage.objects.all()] == [["mary@x.example"]]


def test_refuses_after_data_and_shows_what_it_refused(client: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        send(client, "data-552")
    assert refusal.value.smtp_code == 552
    [kept] = CapturedMessage.objects.all()
    assert (kept.outcome, kept.reply[:9]) == ("refused", "552 5.2.2")


def test_hangs_up_after_the_final_dot(client: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(client, "drop")
    assert [(kept.outcome, kept.reply) for kept in CapturedMessage.objects.all()] == [("dropped", "")]


def test_takes_its_time_when_asked(client: smtplib.SMTP) -> None:
    began = time.monotonic()
    send(client, "slow-300ms")
    assert time.monotonic() - began >= 0.3


def test_takes_a_message_a_little_over_the_limit_because_it_grows_on_its_way(client: smtplib.SMTP) -> None:
    send(client, "mary", mail=MAIL + b"x" * 100_500 + b"\r\n")
    with pytest.raises(smtplib.SMTPResponseException, match=r"5\.3\.4"):
        send(client, "mary", mail=MAIL + b"x" * 200_000 + b"\r\n")


def test_stores_the_mail_of_many_connections_at_once(capture_port: int) -> None:
    def send_five(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", capture_port) as client:
            for _ in range(5):
                send(client, f"mary{number}")

    with ThreadPoolExecutor(10) as threads:
        list(threads.map(send_five, range(10)))
    assert CapturedMessage.objects.count() == 50


def test_answers_451_when_the_database_refuses_and_works_again_afterwards(client: smtplib.SMTP) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE capture_capturedmessage RENAME TO away")
        try:
            with pytest.raises(smtplib.SMTPDataError) as refusal:
                send(client, "mary")
        finally:
            cursor.execute("ALTER TABLE away RENAME TO capture_capturedmessage")
    assert refusal.value.smtp_code == 451
    send(client, "mary")
    assert CapturedMessage.objects.count() == 1


def test_replaces_a_connection_that_was_cut(client: smtplib.SMTP) -> None:
    send(client, "mary")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"  # waits until it is gone
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    send(client, "mary")
    assert CapturedMessage.objects.count() == 2


def test_obeys_a_pipelined_session(capture_port: int) -> None:
    with RawClient(capture_port) as client:
        client.send(
            b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bounce-550@c.example>\r\nRCPT TO:<d@e.example>\r\nDATA\r\n"
            + MAIL
            + b".\r\nQUIT\r\n"
        )
        assert [reply[:3] for reply in client.rest()] == ["250", "250", "550", "250", "354", "250", "221"]


@pytest.fixture
def three_mails(db: None) -> None:
    store.insert(
        [
            CapturedMessage(mail_from=SENDER, recipients=[recipient], raw=b"Subject: " + subject + b"\r\n\r\n")
            for recipient, subject in [
                ("a@x.example", b"Invoice 1"),
                ("b@x.example", b"Offer"),
                ("a@y.example", b"Invoice 2"),
            ]
        ]
    )


@pytest.mark.parametrize(
    ("words", "subjects"),
    [
        ("", ["Invoice 2", "Offer", "Invoice 1"]),
        ("invoice", ["Invoice 2", "Invoice 1"]),
        ("INVOICE a@x", ["Invoice 1"]),
        ("b@x.example", ["Offer"]),
        ("100%", []),
        (SENDER, ["Invoice 2", "Offer", "Invoice 1"]),
    ],
)
@pytest.mark.usefixtures("three_mails")
def test_finds_mail_by_words_newest_first(words: str, subjects: list[str]) -> None:
    assert [message.subject for message in search.newest(words=words)] == subjects


@pytest.mark.usefixtures("three_mails")
def test_lists_page_after_page_without_reading_the_raw_bytes() -> None:
    first = list(search.newest(limit=2))
    second = list(search.newest(limit=2, before=first[-1].pk))
    assert [message.subject for message in first + second] == ["Invoice 2", "Offer", "Invoice 1"]
    assert "raw" not in first[0].__dict__


@pytest.mark.usefixtures("three_mails")
def test_keeps_only_the_newest() -> None:
    store.prune(keep=3)
    assert CapturedMessage.objects.count() == 3
    store.prune(keep=2)
    assert [message.subject for message in search.newest()] == ["Invoice 2", "Offer"]
