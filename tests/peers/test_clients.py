import pytest

from tests.peers.certificates import TlsFiles
from tests.peers.clients import Account, curl, msmtp, swaks
from tests.peers.postfix import Postfix

MESSAGE = b"From: mary@company-name.example\nTo: reader@customer.example.com\nSubject: From msmtp\n\nHello\n"


@pytest.fixture
def account(postfix: Postfix, tls_files: TlsFiles) -> Account:
    return Account("localhost", postfix.port, authority=tls_files.authority)


@pytest.mark.requires("swaks", "Net::SSLeay")
def test_swaks_sends_over_verified_tls(account: Account, postfix: Postfix) -> None:
    ran = swaks(account, "--from", "mary@company-name.example", "--to", "swaks@customer.example.com")
    assert ran.exit_code == 0, ran.output
    assert len(postfix.messages("swaks@customer.example.com")) == 1


@pytest.mark.requires("swaks", "Net::SSLeay")
def test_swaks_tells_a_refusal_by_its_exit_code_and_shows_the_dialog(account: Account) -> None:
    ran = swaks(account, "--from", "mary@company-name.example", "--to", "gone@customer.example.com")
    assert ran.exit_code == 24
    assert "550 5.1.1" in ran.output


@pytest.mark.requires("msmtp")
def test_msmtp_reads_the_recipients_from_the_header(account: Account, postfix: Postfix) -> None:
    ran = msmtp(account, MESSAGE, "--read-recipients", "--read-envelope-from")
    assert ran.exit_code == 0, ran.output
    [message] = postfix.messages("reader@customer.example.com")
    assert b"Subject: From msmtp\r\n" in message


@pytest.mark.requires("curl")
def test_curl_reports_a_connection_that_is_refused(closed_port: int) -> None:
    assert curl(f"http://127.0.0.1:{closed_port}/").exit_code == 7
