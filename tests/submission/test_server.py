"""Can a program hand in mail by SMTP, and does it hear the right code when it cannot?"""

import re
import smtplib
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from psycopg import sql

from postroom.outbound.models import Delivery, Message, MessageContent
from postroom.smtp.reception import Peer
from postroom.submission.conversation import SubmissionConversation
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import ApiKey
from tests import database
from tests.peers.certificates import TlsFiles
from tests.peers.clients import msmtp, swaks
from tests.smtp.listening import RawClient
from tests.submission.conftest import Entrance

MARY = "mary@customer.example.com"
MAIL = b"From: Sales <sales@company-name.com>\r\nTo: mary@customer.example.com\r\nSubject: Quotation\r\n\r\nHello.\r\n"


def hand_in(client: smtplib.SMTP, mail: bytes = MAIL, *recipients: str) -> tuple[int, str]:
    """The reply to the message, or to what was refused before."""
    try:
        client.ehlo_or_helo_if_needed()
        for code, text in (
            client.mail("app@shop.example"),
            *(client.rcpt(address) for address in recipients or [MARY]),
        ):
            if code >= 400:
                return code, text.decode()
        code, text = client.data(mail)
    except smtplib.SMTPDataError as error:  # to the DATA command itself
        code, text = error.smtp_code, error.smtp_error
    finally:
        client.rset()
    return code, text.decode() if isinstance(text, bytes) else text


def with_fields(*fields: str) -> bytes:
    return "".join(f"{field}\r\n" for field in fields).encode() + MAIL


def test_answers_250_with_the_id_of_a_message_that_is_queued(client: smtplib.SMTP) -> None:
    code, text = hand_in(client)
    assert code == 250
    found = re.fullmatch(r"2\.0\.0 Accepted as ([0-9a-f-]{36})", text)
    assert found
    message = Message.objects.get(pk=found[1])
    assert (message.source, message.stream, message.company.name) == ("smtp", "transactional", "My Company")
    assert "shop.example" not in message.return_path
    assert [delivery.recipient for delivery in Delivery.objects.all()] == [MARY]


def test_keeps_the_bytes_of_the_client(client: smtplib.SMTP) -> None:
    body = b"--x\r\nContent-Type: text/html\r\n\r\n.dot  \r\n\xc3\xa9\t\r\n--x--\r\n"
    head = MAIL.partition(b"\r\n\r\n")[0] + b"\r\nX-Odd:   as\r\n\tit is\r\n"
    assert hand_in(client, head + b"\r\n" + body)[0] == 250
    content = MessageContent.objects.get()
    assert bytes(content.body) == body
    assert bytes(content.head).startswith(head)
    assert re.findall(rb"^(Message-ID|Date):", bytes(content.head), re.MULTILINE)


def test_goes_to_the_recipients_of_the_envelope_and_hides_bcc(client: smtplib.SMTP) -> None:
    assert hand_in(client, b"Bcc: boss@company-name.com\r\n" + MAIL, MARY, "boss@company-name.com", MARY)[0] == 250
    assert sorted(delivery.recipient for delivery in Delivery.objects.all()) == ["boss@company-name.com", MARY]
    assert b"boss" not in bytes(MessageContent.objects.get().head)


def test_mail_under_the_null_path_keeps_it(client: smtplib.SMTP) -> None:
    client.sendmail("", [MARY], MAIL)
    message = Message.objects.get()
    assert (message.is_automatic, message.return_path) == (True, "")


def test_takes_company_stream_and_tags_from_fields_that_are_not_sent_on(client: smtplib.SMTP) -> None:
    mail = with_fields(
        "X-Postroom-Company: second company", "X-Postroom-Stream: mass", "X-Postroom-Tags: offer, autumn"
    )
    assert hand_in(client, mail)[0] == 250
    message = Message.objects.get()
    assert (message.company.name, message.stream, message.tags) == ("Second Company", "mass", ["offer", "autumn"])
    assert b"postroom-" not in bytes(message.content.head).lower()


@pytest.mark.parametrize(
    ("mail", "reply"),
    [
        (b"From: two@@company-name.com\r\n\r\nx\r\n", "553 5.1.7"),
        (b"From: a@b.example\r\nSender: x y\r\n\r\nx\r\n", "553 5.1.7"),
        (b"Subject: no author\r\n\r\nx\r\n", "550 5.6.0"),
        (b"From: a@b.example\r\nFrom: c@d.example\r\n\r\nx\r\n", "550 5.6.0"),
        (b"\r\n", "550 5.6.0"),
        (MAIL + b"x" * 999 + b"\r\n", "550 5.6.0 Line 2 of the message's body"),
        (MAIL + b"nul \0\r\n", "550 5.6.0 The message has a NUL octet in its body"),
        (MAIL + b"x\r\n" * 50_000, "552 5.3.4"),
        (with_fields("X-Postroom-Company: Nobody"), '550 5.7.1 There is no company "Nobody"'),
        (with_fields("X-Postroom-Colour: red"), "550 5.6.0 There is no field X-Postroom-Colour"),
    ],
)
def test_refuses_with_the_right_code_and_stores_nothing(client: smtplib.SMTP, mail: bytes, reply: str) -> None:
    code, text = hand_in(client, mail)
    assert " ".join(f"{code} {text}".split()).startswith(reply)
    assert not Message.objects.exists()
    assert hand_in(client)[0] == 250


@pytest.mark.parametrize("recipient", ["mary", "mary@", "a@b@c", "mary@-x-.example", "@x.example", "mary@x..example"])
def test_refuses_a_malformed_recipient(client: smtplib.SMTP, recipient: str) -> None:
    client.mail("app@shop.example")
    code, text = client.docmd(f"RCPT TO:<{recipient}>")
    assert (code, text[:5]) == (553, b"5.1.3")
    assert client.docmd("DATA")[0] == 554


def test_takes_lines_of_998_characters(client: smtplib.SMTP) -> None:
    assert hand_in(client, MAIL + b"x" * 998 + b"\r\n")[0] == 250


def test_takes_addresses_beyond_ascii(client: smtplib.SMTP) -> None:
    client.mail("app@shop.example", ["SMTPUTF8"])
    assert client.rcpt("jürgen@bücher.example")[0] == 250
    assert client.data("From: Jörg <jörg@company-name.com>\r\n\r\nHello.\r\n".encode())[0] == 250
    assert Delivery.objects.get().recipient == "jürgen@xn--bcher-kva.example"


def test_wants_a_key_before_mail(entrance: Entrance) -> None:
    with smtplib.SMTP("127.0.0.1", entrance.port) as client:
        client.ehlo()
        assert client.mail("app@shop.example")[0] == 530


@pytest.mark.parametrize(
    ("peer", "is_offered"),
    [
        (Peer("127.0.0.1", None), True),
        (Peer("192.0.2.7", None), False),
        (Peer("192.0.2.7", "TLSv1.3"), True),
        (Peer("", None), False),
    ],
)
def test_offers_auth_in_clear_to_this_machine_alone(peer: Peer, is_offered: bool) -> None:
    assert SubmissionConversation(peer, threads=None).offers_auth() is is_offered  # type: ignore[arg-type]


def test_hangs_up_after_three_wrong_keys(entrance: Entrance) -> None:
    with RawClient(entrance.port) as client:
        client.say("EHLO c")
        guesses = [b64encode(f"\0company-name\0guess{number}".encode()).decode() for number in range(4)]
        client.send("".join(f"AUTH PLAIN {guess}\r\n" for guess in guesses).encode())
        assert [reply[:9] for reply in client.rest()] == ["535 5.7.8", "535 5.7.8", "421 4.7.0"]


def test_a_revoked_key_opens_nothing_and_closes_what_it_opened(entrance: Entrance, client: smtplib.SMTP) -> None:
    assert hand_in(client)[0] == 250
    ApiKey.objects.update(revoked_at=timezone.now())
    code, text = hand_in(client)
    assert (code, text[:5]) == (550, "5.7.1")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        entrance.connect()


def test_a_key_opens_its_own_workspace_alone(client: smtplib.SMTP) -> None:
    create_workspace("other-name", company="Other Company")
    assert hand_in(client, with_fields("X-Postroom-Company: Other Company"))[0] == 550


@contextmanager
def database_gone() -> Iterator[None]:
    """Nobody else can connect, and who was connected is cut off."""
    name = connection.settings_dict["NAME"]
    connection.close()
    with psycopg.connect(database.url(), autocommit=True) as outside:
        permit = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        outside.execute(permit.format(sql.Identifier(name), sql.SQL("false")))
        outside.execute("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            outside.execute(permit.format(sql.Identifier(name), sql.SQL("true")))


def test_answers_451_without_a_database_and_a_retry_makes_no_duplicate(
    entrance: Entrance, client: smtplib.SMTP
) -> None:
    with database_gone():
        code, text = hand_in(client)
        assert (code, text[:5]) == (451, "4.3.0")
        with entrance.connect() as known_a_moment_ago:
            assert hand_in(known_a_moment_ago)[0] == 451
        with smtplib.SMTP("127.0.0.1", entrance.port) as second, pytest.raises(smtplib.SMTPAuthenticationError) as away:
            second.login("company-name", "pr_not_known")
        assert away.value.smtp_code == 454
    assert hand_in(client)[0] == 250
    assert Message.objects.count() == 1


def test_what_fails_inside_is_451_and_stores_nothing(client: smtplib.SMTP) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE outbound_delivery RENAME TO away")
        try:
            code, text = hand_in(client)
        finally:
            cursor.execute("ALTER TABLE away RENAME TO outbound_delivery")
    assert (code, text[:5]) == (451, "4.3.0")
    assert "outbound" not in text
    assert not Message.objects.exists()


def test_takes_mail_on_more_connections_than_it_has_threads(entrance: Entrance) -> None:
    def hand_in_three(_: int) -> list[int]:
        with entrance.connect() as client:
            return [hand_in(client)[0] for _ in range(3)]

    with ThreadPoolExecutor(20) as threads:
        codes = [code for answers in threads.map(hand_in_three, range(20)) for code in answers]
    assert codes == [250] * 60
    assert Message.objects.count() == 60


@pytest.mark.requires("swaks")
def test_swaks_hands_in_mail_under_tls(entrance: Entrance, tls_files: TlsFiles) -> None:
    account = entrance.account(authority=tls_files.authority)
    ran = swaks(account, "--from", "sales@company-name.com", "--to", MARY, "--header", "Subject: Quotation")
    assert ran.exit_code == 0, ran.output
    assert "250 2.0.0 Accepted as" in ran.output
    assert Message.objects.get().subject == "Quotation"


@pytest.mark.requires("swaks")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_authenticates_both_ways_and_pipelines(entrance: Entrance, mechanism: str) -> None:
    ran = swaks(entrance.account(), "--auth", mechanism, "--pipeline", "--from", "sales@company-name.com", "--to", MARY)
    assert ran.exit_code == 0, ran.output
    assert Message.objects.count() == 1


@pytest.mark.requires("swaks")
def test_swaks_hears_that_its_key_is_wrong(entrance: Entrance) -> None:
    ran = swaks(entrance.account(password="pr_wrong"), "--from", "sales@company-name.com", "--to", MARY)
    assert ran.exit_code == 28, ran.output
    assert "535 5.7.8" in ran.output


@pytest.mark.requires("msmtp")
def test_msmtp_takes_the_recipients_from_the_header(entrance: Entrance, tls_files: TlsFiles) -> None:
    account = entrance.account(authority=tls_files.authority)
    mail = MAIL.replace(b"\r\n", b"\n").replace(b"\n\n", b"\nBcc: boss@company-name.com\n\n", 1)
    ran = msmtp(account, mail, "-t", "--from", "sales@company-name.com")
    assert ran.exit_code == 0, ran.output
    assert sorted(delivery.recipient for delivery in Delivery.objects.all()) == ["boss@company-name.com", MARY]
    assert b"boss" not in bytes(MessageContent.objects.get().head)
