"""Does `postroom serve` start, keep and stop everything as an operator needs it?"""

import os
import signal
import socket

import pytest

from tests.installation import Installation, is_running, wait_until

pytestmark = pytest.mark.story


def test_starts_every_part_and_stops_them_on_sigterm(installation: Installation) -> None:
    with installation.serving() as served:
        health = served.wait_healthy()
        assert health["status"] == "ok"
        assert {name: part["state"] for name, part in health["parts"].items()} == dict.fromkeys(
            ["database", "web", "submission", "capture", "mx", "lmtp", "worker"], "ready"
        )
        served.wait_until(lambda: f"http://127.0.0.1:{installation.port('HTTP')}" in served.output)
        family = served.descendants()
        exit_status, output = served.stop()
    assert exit_status == 0, output
    assert "is killed" not in output
    assert output.endswith("Postroom has stopped.\n")
    assert not [pid for pid in family if is_running(pid)]


def test_leaves_no_part_listed_after_a_clean_stop(installation: Installation) -> None:
    with installation.serving() as served:
        served.wait_healthy()
        served.stop()
    with installation.serving("web") as web:
        health = web.wait_for_health(lambda _, body: bool(body) and body["parts"]["web"]["state"] == "ready")
    assert {health["parts"][name]["state"] for name in ("submission", "capture", "worker")} == {"absent"}


def test_starts_a_killed_part_again_and_says_so(installation: Installation) -> None:
    with installation.serving() as served:
        served.wait_until(lambda: "Postroom is ready" in served.output)  # a part that dies before that stops everything
        killed = served.child("web")
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not is_running(killed) and bool(served.children("web")))
        served.wait_healthy()
        assert served.child("web") != killed
        exit_status, output = served.stop()
    assert exit_status == 0
    assert "web was ended by SIGKILL; it is started again in 1 s." in output


def test_leaves_no_process_behind_when_it_is_killed(installation: Installation) -> None:
    with installation.serving() as served:
        served.wait_healthy()
        family = served.descendants()
        assert len(family) >= 4  # three parts, and a process that answers HTTP
        served.process.kill()
        wait_until(lambda: not [pid for pid in family if is_running(pid)])


@pytest.mark.parametrize("part", ["HTTP", "SUBMISSION", "CAPTURE"])
def test_refuses_to_start_while_a_port_is_taken(empty: Installation, part: str) -> None:
    with socket.create_server(("127.0.0.1", empty.port(part))):
        refused = empty.run("serve")
    assert refused.returncode == 1
    assert refused.stderr == (
        f"Error: Port {empty.port(part)} on 127.0.0.1 is taken by another program, or another Postroom: "
        f"stop it or set POSTROOM_{part}_PORT.\n"
    )


def test_refuses_to_start_before_the_tables_exist(empty: Installation) -> None:
    refused = empty.run("serve")
    assert refused.returncode == 1
    assert "run `postroom migrate`" in refused.stderr


def test_refuses_to_start_with_wrong_settings(empty: Installation) -> None:
    refused = empty.run("serve", POSTROOM_LOG_LEVEL="loud")
    assert refused.returncode == 1
    assert "POSTROOM_LOG_LEVEL: 'loud' cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_refuses_a_default_server_on_the_command_line_that_is_none(empty: Installation) -> None:
    refused = empty.run("serve", "--default-server", "mail.example.com")
    assert refused.returncode == 1
    assert "POSTROOM_DEFAULT_SERVER: its value cannot be used" in refused.stderr


def test_stops_everything_when_a_part_cannot_start(installation: Installation) -> None:
    """The ports were free when it looked; here a certificate is missing, which only the part that needs it notices."""
    installation.environ.update(POSTROOM_TLS_CERTIFICATE="/nowhere.pem", POSTROOM_TLS_KEY="/nowhere.key")
    with installation.serving() as served:
        exit_status, output = served.wait()
    assert exit_status == 1
    assert "/nowhere.pem" in output
    assert "before Postroom was ready" in output
    assert "Postroom is ready" not in output


def test_web_alone_refuses_a_taken_port(empty: Installation) -> None:
    with socket.create_server(("127.0.0.1", empty.port("HTTP"))):
        refused = empty.run("web")
    assert refused.returncode == 1
    assert "is taken by another program" in refused.stderr
