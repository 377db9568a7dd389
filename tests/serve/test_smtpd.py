"""Does `postroom smtpd` start, say what is wrong, and stop without losing a message?"""

import smtplib
import socket

import pytest

from tests.installation import Installation, wait_until
from tests.peers.waiting import PATIENCE_SECONDS
from tests.smtp.listening import RawClient

pytestmark = pytest.mark.story


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS).close()
    except OSError:
        return False
    return True


def test_serves_both_and_finishes_a_message_after_sigterm(installation: Installation) -> None:
    submission, capture = installation.port("SUBMISSION"), installation.port("CAPTURE")
    with installation.serving("smtpd") as served:
        served.wait_until(lambda: listens(submission) and listens(capture))
        with RawClient(capture) as client:
            client.send(b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: x\r\n")
            assert [client.reply()[:3] for _ in range(4)] == ["250", "250", "250", "354"]
            served.process.terminate()
            wait_until(lambda: not listens(submission))
            client.send(b"\r\nHello.\r\n.\r\n")
            assert [reply[:9] for reply in client.rest()] == ["250 2.0.0", "421 4.3.2"]
        exit_status, output = served.wait()
    assert exit_status == 0, output
    assert "smtpd.started" in output
    assert "smtpd.stopped" in output


def test_serves_one_of_the_two(installation: Installation) -> None:
    with installation.serving("smtpd", "--only", "capture") as served:
        served.wait_until(lambda: listens(installation.port("CAPTURE")))
        assert not listens(installation.port("SUBMISSION"))
        exit_status, output = served.stop()
    assert exit_status == 0, output


def test_a_taken_port_is_explained_with_its_setting(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.port("CAPTURE"))):
        ended = installation.run("smtpd")
    assert ended.returncode != 0
    assert str(installation.port("CAPTURE")) in ended.stderr
    assert "POSTROOM_CAPTURE_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_certificate_that_cannot_be_used_is_named(installation: Installation) -> None:
    ended = installation.run("smtpd", POSTROOM_TLS_CERTIFICATE="absent.pem", POSTROOM_TLS_KEY="absent.key")
    assert ended.returncode != 0
    assert "absent.pem" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_keeps_its_certificate_over_a_restart(installation: Installation) -> None:
    def certificate() -> bytes:
        with installation.serving("smtpd", "--only", "submission") as served:
            served.wait_until(lambda: listens(installation.port("SUBMISSION")))
            with smtplib.SMTP("127.0.0.1", installation.port("SUBMISSION")) as client:
                client.starttls()
                return client.sock.getpeercert(binary_form=True)  # type: ignore[attr-defined]

    assert certificate() == certificate()
