import smtplib

import pytest

from tests.peers.certificates import TlsFiles
from tests.peers.exim import run_exim, why_unavailable

requires_exim = pytest.mark.skipif(why_unavailable() is not None, reason=str(why_unavailable()))


@requires_exim
def test_delivers_to_each_recipient_and_leaves_nothing(tls_files: TlsFiles) -> None:
    with run_exim("customer.example.com", tls=tls_files) as server:
        with smtplib.SMTP(server.host, server.port) as client:
            message = "Subject: Quotation\r\n\r\nHello\r\n"
            client.sendmail("a@x.example", ["ada@customer.example.com", "bob@customer.example.com"], message)
        for name in ("ada", "bob"):
            (delivered,) = server.messages(f"{name}@customer.example.com")
            assert delivered.startswith(b"Return-path: <a@x.example>\r\n")
            assert delivered.endswith(b"\r\nSubject: Quotation\r\n\r\nHello\r\n")
    assert not server.directory.exists()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(server.host, server.port)


@requires_exim
def test_sends_nothing_elsewhere(tls_files: TlsFiles) -> None:
    with run_exim("customer.example.com", tls=tls_files) as server, smtplib.SMTP(server.host, server.port) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("a@x.example", ["someone@elsewhere.example.com"], "\r\n\r\n")


@requires_exim
def test_says_what_is_missing_when_mail_does_not_come(tls_files: TlsFiles) -> None:
    with run_exim("customer.example.com", tls=tls_files) as server:
        with pytest.raises(AssertionError, match=r"0 of 1 messages for nobody@customer\.example\.com"):
            server.messages("nobody@customer.example.com", timeout=0.1)


@requires_exim
def test_shows_what_it_dislikes_when_it_cannot_start(tls_files: TlsFiles) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)did not start.*recipients_max"):
        with run_exim("customer.example.com", tls=tls_files, macros={"MAX_RECIPIENTS": "few"}):  # type: ignore[dict-item]  # wrong on purpose
            pass
