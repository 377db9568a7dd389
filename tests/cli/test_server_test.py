"""Does `postroom server test` say what a server would do with our mail?"""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import Postroom, run
from tests.peers.aiosmtpd_server import Aiosmtpd, run_aiosmtpd
from tests.peers.certificates import TlsFiles


@pytest.fixture
def peer(tls_files: TlsFiles) -> Iterator[Aiosmtpd]:
    replies = {"gone": "550 5.1.1 No such user"}
    with run_aiosmtpd(
        tls=tls_files, replies=replies, accounts={}, max_message_bytes=10_000, max_recipients=10
    ) as server:  # fmt: skip
        yield server


@pytest.fixture
def workspace(postroom: Postroom, peer: Aiosmtpd) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    postroom("domain", "add", "company-name.com", "--workspace", "company-name")
    place = ("--host", peer.host, "--port", str(peer.port), "--encryption", "none")
    postroom(
        "server", "add", "Company mail", "--workspace", "company-name", "--from-filter", "company-name.com", *place
    )


def test_a_good_server_is_in_order_for_each_address(workspace: None, postroom: Postroom, peer: Aiosmtpd) -> None:
    output = postroom("server", "test", "company mail", "--workspace", "company-name")
    assert "bounce@company-name.com (bounce)" in output
    assert "notifications@company-name.com (notification)" in output
    assert output.count("354") == 2
    assert "The provider may still restrict" in output
    assert peer.messages("catchall@company-name.com", count=0) == []


def test_a_failed_step_is_told_with_a_hint_and_the_exit_code(workspace: None) -> None:
    result = run("server", "test", "Company mail", "--workspace", "company-name", "--to", "gone@customer.example.com")
    assert result.exit_code == 1
    assert "FAILED   550 5.1.1 No such user" in result.output
    assert "→ There is no such mailbox." in result.output


def test_a_dead_server_is_tried_once(workspace: None, postroom: Postroom, closed_port: int) -> None:
    postroom("server", "add", "Company mail", "--workspace", "company-name", "--port", str(closed_port))
    result = run("server", "test", "Company mail", "--workspace", "company-name")
    assert result.exit_code == 1
    assert "1 more not tried: the connection fails for all of them." in result.output
