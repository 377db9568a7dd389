import smtplib
import ssl

import pytest

from tests.peers.certificates import TlsFiles
from tests.peers.postfix import Postfix, run_postfix, why_unavailable

requires_postfix = pytest.mark.skipif(why_unavailable() is not None, reason=str(why_unavailable()))


def send(server: Postfix, *recipients: str, subject: str) -> None:
    with smtplib.SMTP(server.host, server.port) as client:
        client.sendmail("bounce@company-name.example", recipients, f"Subject: {subject}\r\n\r\nHello\r\n")


def test_delivers_one_copy_to_each_recipient(postfix: Postfix) -> None:
    send(postfix, "Ada@customer.example.com", "bob@other.example.com", subject="Quotation")
    [to_ada] = postfix.messages("ada@customer.example.com")
    [to_bob] = postfix.messages("bob@other.example.com")
    for message in (to_ada, to_bob):
        assert message.startswith(b"Return-Path: <bounce@company-name.example>\r\n")
        assert message.endswith(b"\r\nSubject: Quotation\r\n\r\nHello\r\n")


def test_adds_no_date_from_or_message_id(postfix: Postfix) -> None:
    send(postfix, "bare@customer.example.com", subject="Bare")
    [message] = postfix.messages("bare@customer.example.com")
    head = message.lower()
    assert not any(name in head for name in (b"\r\ndate:", b"\r\nfrom:", b"\r\nmessage-id:"))


def test_keeps_the_order_of_arrival(postfix: Postfix) -> None:
    for number in range(5):
        send(postfix, "series@customer.example.com", subject=f"Part {number}")
    messages = postfix.messages("series@customer.example.com", count=5)
    assert [b"Part %d" % number in message for number, message in enumerate(messages)] == [True] * 5


def test_takes_addresses_beyond_ascii(postfix: Postfix) -> None:
    with smtplib.SMTP(postfix.host, postfix.port) as client:
        client.sendmail("a@company-name.example", ["jürgen@customer.example.com"], b"\r\nHi\r\n", ["SMTPUTF8"])
    assert len(postfix.messages("jürgen@customer.example.com")) == 1


@pytest.mark.parametrize(
    ("recipient", "code"),
    [("gone@customer.example.com", 550), ("later@customer.example.com", 450), ("someone@elsewhere.example.com", 554)],
)
def test_refuses_with_the_code_asked_for(postfix: Postfix, recipient: str, code: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(postfix, recipient, subject="Refused")
    assert refused.value.recipients[recipient][0] == code
    assert postfix.messages(recipient, count=0) == []


def test_offers_starttls_with_a_certificate_of_the_test_authority(postfix: Postfix, tls_files: TlsFiles) -> None:
    with smtplib.SMTP("localhost", postfix.port) as client:
        client.starttls(context=ssl.create_default_context(cafile=tls_files.authority))
        client.sendmail("a@company-name.example", ["tls@customer.example.com"], "Subject: TLS\r\n\r\n")
    [message] = postfix.messages("tls@customer.example.com")
    assert b"using TLSv1.3" in message


@requires_postfix
def test_two_run_side_by_side_and_leave_nothing() -> None:
    with run_postfix("one.example.com") as one, run_postfix("two.example.com") as two:
        send(one, "a@one.example.com", subject="One")
        send(two, "a@two.example.com", subject="Two")
        assert len(one.messages("a@one.example.com")) == len(two.messages("a@two.example.com")) == 1
    for server in (one, two):
        assert not server.directory.exists()
        with pytest.raises(ConnectionRefusedError):
            smtplib.SMTP(server.host, server.port)


@requires_postfix
def test_says_what_is_missing_when_mail_does_not_come() -> None:
    with run_postfix("one.example.com") as server:
        with pytest.raises(AssertionError, match=r"0 of 1 messages for nobody@one\.example\.com"):
            server.messages("nobody@one.example.com", timeout=0.1)


@requires_postfix
def test_shows_its_configuration_when_it_cannot_start() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)did not start.*message_size_limit = many"):
        with run_postfix("one.example.com", settings={"message_size_limit": "many"}):
            pass
