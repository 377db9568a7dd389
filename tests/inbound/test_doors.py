"""Does mail come in by SMTP, LMTP and HTTP, stored before it is answered for, and nothing else?"""

import smtplib
from base64 import b64encode
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from django.test import Client
from psycopg import sql

from postroom.inbound.models import IncomingContent, IncomingMessage
from postroom.workspaces.keys import create_key
from postroom.workspaces.parameters import KEEP_UNKNOWN, set_parameter
from tests import database
from tests.inbound.doors import MAX_MESSAGE_BYTES, LmtpServer, open_door
from tests.inbound.mail import letter
from tests.outbound.office import Office
from tests.smtp.listening import RawClient

MARY, CATCHALL = "mary@customer.example.com", "catchall@company-name.com"


@pytest.fixture
def mx(busy_office: Office) -> Iterator[int]:
    with open_door() as port:
        yield port


@pytest.fixture
def lmtp(busy_office: Office) -> Iterator[int]:
    with open_door(LmtpServer) as port:
        yield port


def stored() -> list[tuple[str, str]]:
    return list(IncomingMessage.objects.order_by("id").values_list("content__source", "recipient"))


# --- MX ------------------------------------------------------------------------------------------------------------


def test_takes_mail_for_its_domains_with_the_envelope(mx: int) -> None:
    with smtplib.SMTP("127.0.0.1", mx, local_hostname="mx.customer.example.com") as client:
        client.starttls()
        client.sendmail(MARY, [CATCHALL], letter())
    content = IncomingContent.objects.get()
    assert (bytes(content.raw), content.return_path, content.peer) == (letter(), MARY, "127.0.0.1")
    assert content.helo == "mx.customer.example.com"
    assert stored() == [("mx", CATCHALL)]


def test_takes_a_report_with_the_null_return_path(mx: int) -> None:
    with smtplib.SMTP("127.0.0.1", mx) as client:
        client.sendmail("", ["bounce@company-name.com"], letter())
    assert IncomingContent.objects.get().return_path == ""


@pytest.mark.parametrize(
    ("recipient", "answer"),
    [
        ("catchall@company-name.com", "250 2.1.5"),
        ("bounce+1f00@COMPANY-NAME.com", "250 2.1.5"),
        ("postmaster@company-name.com", "250 2.1.5"),
        ("nobody@company-name.com", "550 5.1.1"),
        ("joe@elsewhere.example", "550 5.7.1"),
    ],
)
def test_knows_at_rcpt_whose_mail_it_takes(mx: int, recipient: str, answer: str) -> None:
    with RawClient(mx) as client:
        assert client.say("EHLO c", "MAIL FROM:<>", f"RCPT TO:<{recipient}>").startswith(answer)


def test_takes_mail_for_unknown_addresses_where_the_workspace_keeps_it(mx: int, busy_office: Office) -> None:
    set_parameter(busy_office.workspace, KEEP_UNKNOWN, "yes")
    with RawClient(mx) as client:
        assert client.say("EHLO c", "MAIL FROM:<>", "RCPT TO:<nobody@company-name.com>").startswith("250")


def test_refuses_what_is_too_large(mx: int) -> None:
    with RawClient(mx) as client:
        assert client.say("EHLO c", "MAIL FROM:<>", f"RCPT TO:<{CATCHALL}>", "DATA").startswith("354")
        client.send(letter() + b"x" * MAX_MESSAGE_BYTES + b"\r\n.\r\n")
        assert client.reply().startswith("552 5.3.4")
    assert stored() == []


def test_lets_the_client_try_again_when_the_database_fails(mx: int) -> None:
    table = sql.Identifier(IncomingContent._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER TABLE {} RENAME TO hidden").format(table).as_string(None))
    try:
        with smtplib.SMTP("127.0.0.1", mx) as client, pytest.raises(smtplib.SMTPDataError) as refusal:
            client.sendmail(MARY, [CATCHALL], letter())
    finally:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("ALTER TABLE hidden RENAME TO {}").format(table).as_string(None))
    assert refusal.value.smtp_code == 451
    assert stored() == []


def test_survives_a_restart_of_postgresql_between_two_mails(mx: int) -> None:
    with smtplib.SMTP("127.0.0.1", mx) as client:
        client.sendmail(MARY, [CATCHALL], letter())
        with psycopg.connect(database.url(), autocommit=True) as other:
            name = connection.settings_dict["NAME"]
            # Waits until they are gone: a statement sent before that is refused, and the mail with it, by 451.
            other.execute("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = %s", [name])
        connection.close()
        client.sendmail(MARY, [CATCHALL], letter(subject="Again"))
    assert len(stored()) == 2


# --- LMTP ----------------------------------------------------------------------------------------------------------


def test_answers_for_each_recipient_by_lmtp(lmtp: int) -> None:
    with RawClient(lmtp) as client:
        assert "PIPELINING" in client.say("LHLO mx.company-name.com")
        client.say("MAIL FROM:<>")
        replies = [client.say(f"RCPT TO:<{name}@company-name.com>")[:3] for name in ("info", "catchall", "bounce")]
        assert replies == ["550", "250", "250"]
        assert client.say("DATA").startswith("354")
        client.send(letter() + b".\r\n")
        assert [client.reply()[:9] for _ in range(2)] == ["250 2.0.0"] * 2
        assert client.say("NOOP").startswith("250")
    assert stored() == [("lmtp", CATCHALL), ("lmtp", "bounce@company-name.com")]


def test_refuses_smtp_on_the_lmtp_port(lmtp: int) -> None:
    with RawClient(lmtp) as client:
        assert client.say("EHLO c").startswith("500 5.5.1")


# --- HTTP ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def key(office: Office) -> str:
    return f"Bearer {create_key(office.workspace, name='webhook')}"


@pytest.mark.django_db
def test_takes_a_raw_message_over_http(key: str, office: Office) -> None:
    answer = Client().post(
        f"/api/v1/inbound?recipient={CATCHALL}&return_path={MARY}",
        letter(),
        content_type="message/rfc822",
        headers={"Authorization": key},
    )
    assert (answer.status_code, stored()) == (202, [("http", CATCHALL)])
    row = IncomingMessage.objects.select_related("content").get()
    assert answer.json() == {"ids": [row.pk]}
    assert (bytes(row.content.raw), row.content.return_path, row.workspace) == (letter(), MARY, office.workspace)


@pytest.mark.django_db
def test_takes_a_message_in_json(key: str) -> None:
    body = {"raw": b64encode(letter()).decode(), "recipients": [CATCHALL]}
    answer = Client().post(
        "/api/v1/inbound/json", body, content_type="application/json", headers={"Authorization": key}
    )
    assert (answer.status_code, stored()) == (202, [("http", CATCHALL)])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "malformed_json"),
        ('{"raw": "%%%"}', "invalid_base64"),
        ('{"raw": "aGVsbG8=", "to": []}', "unknown_field"),
        ("{}", "missing_field"),
    ],
)
def test_says_what_is_wrong_with_the_json(key: str, body: str, code: str) -> None:
    answer = Client().post(
        "/api/v1/inbound/json", body, content_type="application/json", headers={"Authorization": key}
    )
    assert answer.json()["error"]["code"] == code
    assert stored() == []


@pytest.mark.django_db
def test_wants_a_key(office: Office) -> None:
    assert Client().post("/api/v1/inbound", letter(), content_type="message/rfc822").status_code == 401
