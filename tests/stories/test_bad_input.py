"""Does bad input get its clear error, over HTTP, SMTP and on the command line, and leave nothing half-written?"""

import json
import os
import signal
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, wait_until
from tests.peers.clients import curl, swaks
from tests.peers.postfix import Postfix
from tests.stories.office import Office, Postroom
from tests.stories.shell import open_shell

pytestmark = pytest.mark.story

LINE = b"x" * 76 + b"\r\n"
THIRTY_MEGABYTES = LINE * (30 * 1024 * 1024 // len(LINE))


@pytest.fixture
def clerk(office: Office) -> Iterator[Office]:
    """An office that has one message, and after the test that one still."""
    id_ = office.post(to="mary@customer.example.com")["id"]
    before = office.settled(id_)
    yield office
    assert [message["id"] for message in office.messages()] == [id_]
    assert office.settled(id_) == before


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ({"from": '"Mary" <mary@customer.example.com'}, "invalid_address", "mary@customer.example.com"),
        ({"from": "mary"}, "invalid_address", "“mary”"),
        ({"to": []}, "no_recipients", "name somebody"),
        ({"to": "mary@customer.example.com, nobody"}, "invalid_address", "nobody"),
        ({"subject": "Quotation\r\nBcc: everybody@customer.example.com"}, "invalid_header", "Subject"),
        ({"from": "Mary\r\nBcc: x@y.example <mary@customer.example.com>"}, "invalid_address", "line break"),
        ({"headers": {"X-Order": "7\nBcc: everybody@customer.example.com"}}, "invalid_header", "X-Order"),
        ({"company": "Another Company"}, "unknown_company", "My Company"),
        ({"form": "mary@customer.example.com"}, "unknown_field", "did you mean from?"),
    ],
)
def test_http_refuses_a_message_with_what_to_correct(
    clerk: Office, message: dict[str, Any], code: str, words: str
) -> None:
    good = {"to": "mary@customer.example.com", "subject": "Quotation", "text": "Hello"}
    answer = clerk.call("POST", "/messages", {**good, **message})
    assert (answer.status, answer.body["error"]["code"]) == (422, code)
    assert words in answer.body["error"]["message"]


def test_http_refuses_what_is_no_json_and_says_where_it_breaks(clerk: Office) -> None:
    answer = clerk.call("POST", "/messages", b'{"to": "mary@customer.example.com",\n "subject": }')
    assert (answer.status, answer.body["error"]["code"]) == (400, "malformed_json")
    assert "line 2" in answer.body["error"]["message"]


def test_http_refuses_a_wrong_key(clerk: Office) -> None:
    answer = clerk.call("POST", "/messages", {"to": "mary@customer.example.com"}, Authorization="Bearer pr_wrong")
    assert (answer.status, answer.body["error"]["code"]) == (401, "unknown_api_key")


@pytest.mark.requires("curl")
@pytest.mark.parametrize("megabytes", [26, 30], ids="{} MB".format)
def test_http_refuses_an_attachment_over_the_limit(clerk: Office, tmp_path: Path, megabytes: int) -> None:
    """26 MB are read and measured; the 30 MB of base64 are more than a request may have."""
    file = {"filename": "film.bin", "content": "AAAA" * (megabytes * 1024 * 1024 // 3)}
    (tmp_path / "request").write_text(json.dumps({"to": "mary@customer.example.com", "attachments": [file]}))
    ran = curl(
        f"{clerk.postroom.installation.url}/api/v1/messages",
        "--header", f"Authorization: Bearer {clerk.key}", "--header", "Content-Type: application/json",
        "--data-binary", f"@{tmp_path}/request", "--write-out", "\n%{http_code}",
    )  # fmt: skip
    body, _, status = ran.output.rpartition("\n")
    assert (status, json.loads(body)["error"]["code"]) == ("413", "message_too_large")


@pytest.mark.parametrize(
    ("head", "reply"),
    [
        (b'From: "Mary" <mary@customer.example.com', "553 5.1.7"),
        (b"From: mary", "553 5.1.7"),
        (
            b"From: =?utf-8?q?Mary=0D=0ABcc=3A_everybody=40customer=2Eexample=2Ecom?= <mary@customer.example.com>",
            "553 5.1.7",
        ),
        (b"Subject: Nobody speaks", "550 5.6.0"),
        (b"From: mary@customer.example.com\r\nFrom: john@customer.example.com", "550 5.6.0"),
        (b"From: mary@customer.example.com\r\nX-Postroom-Company: Another Company", "550 5.7.1"),
        (b"From: mary@customer.example.com\r\nX-Postroom-Campany: My Company", "550 5.6.0"),
    ],
)
def test_smtp_refuses_a_message_with_its_code(clerk: Office, head: bytes, reply: str) -> None:
    with connected(clerk) as client:
        client.mail("mary@customer.example.com")
        client.rcpt("mary@customer.example.com")
        code, text = client.data(head + b"\r\n\r\nHello\r\n")
    assert f"{code} {text.decode()}".startswith(reply)
    assert len(text.decode()) > len("5.6.0 ") + 20  # it says what is wrong, too


def test_smtp_refuses_a_malformed_recipient_and_a_message_for_nobody(clerk: Office) -> None:
    with connected(clerk) as client:
        client.mail("mary@customer.example.com")
        code, _ = client.rcpt("mary@customer.example.com@")
        assert code in (501, 553)
        code, _ = client.docmd("DATA")
    assert code in (503, 554)


@pytest.mark.requires("swaks")
def test_smtp_refuses_a_wrong_key(clerk: Office) -> None:
    wrong = ("--auth-user", clerk.slug, "--auth-password", "pr_wrong")
    to = ("--server", f"127.0.0.1:{clerk.postroom.submission_port}", "--from", "a@b.example", "--to", "c@d.example")
    ran = swaks(clerk.account, *to, *wrong)
    assert ran.exit_code == 28
    assert "535 5.7.8" in ran.output


def test_smtp_refuses_thirty_megabytes_announced_or_not(clerk: Office) -> None:
    with connected(clerk) as client:
        code, text = client.mail("mary@customer.example.com", [f"size={len(THIRTY_MEGABYTES)}"])
        assert (code, text[:5]) == (552, b"5.3.4")
        client.mail("mary@customer.example.com")
        client.rcpt("mary@customer.example.com")
        code, text = client.data(b"From: mary@customer.example.com\r\n\r\n" + THIRTY_MEGABYTES)
        assert (code, text[:5]) == (552, b"5.3.4")


@pytest.mark.parametrize("entry", ["*.example.com", "@example.com", "Brevo", "mary@", "a b.example"])
def test_a_server_with_a_filter_entry_that_is_neither_domain_nor_address_is_not_stored(
    clerk: Office, entry: str
) -> None:
    place = ("--host", "127.0.0.1", "--port", "25", "--encryption", "none")
    code, output = clerk.postroom.shell.run(
        "server", "add", "Brevo", "--workspace", clerk.slug, "--from-filter", f"company-name.com, {entry}", *place
    )
    assert code == 1
    assert entry in output
    assert "There are no outgoing servers" in clerk.postroom.run("server", "list", "--workspace", clerk.slug)


@contextmanager
def connected(office: Office) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", office.postroom.submission_port) as client:
        client.login(office.slug, office.key)
        yield client


# --- the database goes away ---------------------------------------------------------------------------------------


@pytest.fixture
def own_office(tmp_path: Path, postfix: Postfix) -> Iterator[Office]:
    """One of an installation of its own, with the embedded PostgreSQL."""
    server = f"smtp://127.0.0.1:{postfix.port}"
    installation = Installation.in_folder(tmp_path, POSTROOM_DEFAULT_SERVER=server)
    assert installation.run("migrate").returncode == 0
    with installation.serving() as served, open_shell(installation.environ) as shell:
        served.wait_healthy()
        yield Postroom(installation, shell).new_workspace("company-name")
        code, output = served.stop()
    assert code == 0, output[-5000:]


def test_without_its_database_it_asks_to_come_again_and_a_retry_makes_no_duplicate(
    own_office: Office, postfix: Postfix, mary: str
) -> None:
    installation, john = own_office.postroom.installation, mary.replace("mary", "john")
    mail = f"From: sales@company-name.example\r\nTo: {john}\r\n\r\nHello\r\n"
    order = {"to": mary, "subject": "Order 7", "text": "Thank you."}
    with connected(own_office) as client:
        stop_database(installation)
        away = own_office.call("POST", "/messages", order, Idempotency_Key="order-7")
        assert (away.status, away.body["error"]["code"]) == (503, "unavailable")
        assert int(away.headers["Retry-After"]) > 0
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("sales@company-name.example", [john], mail)
        assert (refused.value.smtp_code, bytes(refused.value.smtp_error)[:5]) == (451, b"4.3.0")
        with smtplib.SMTP("127.0.0.1", own_office.postroom.submission_port) as client_of_another_key:
            with pytest.raises(smtplib.SMTPAuthenticationError) as unchecked:
                client_of_another_key.login(own_office.slug, "pr_not_known")
        assert unchecked.value.smtp_code == 454
        assert installation.health()[0] == 503

        assert installation.run("check").returncode == 0  # any command starts the embedded PostgreSQL again
        client.sendmail("sales@company-name.example", [john], mail)
    accepted = own_office.call("POST", "/messages", order, Idempotency_Key="order-7")
    again = own_office.call("POST", "/messages", order, Idempotency_Key="order-7")
    assert (accepted.status, again.status, again.body["id"]) == (202, 202, accepted.body["id"])
    assert len(own_office.messages()) == 2
    for message in own_office.messages():
        assert own_office.settled(message["id"])["status"] == "sent"
    assert len(postfix.messages(mary)) == len(postfix.messages(john)) == 1
    wait_until(lambda: installation.health()[0] == 200)


def stop_database(installation: Installation) -> None:
    """As an operator's "fast" stop: connections are cut, nothing is lost."""
    pid = installation.embedded_database()
    assert pid
    os.kill(pid, signal.SIGINT)
    wait_until(lambda: installation.embedded_database() is None)
