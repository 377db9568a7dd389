"""Is every mail that was answered with 250 there, whatever dies in between?"""

import json
import subprocess
import sys
import time

import psycopg
import pytest

from postroom.bench.submit import wait_for
from tests.inbound.mail import letter
from tests.installation import Installation
from tests.peers import dovecot
from tests.peers.dovecot import PASSWORD, run_dovecot
from tests.peers.waiting import wait_until
from tests.serve.conftest import installation

__all__ = ["installation"]
pytestmark = [pytest.mark.story, pytest.mark.timeout(300)]
MAILS, KILLS, FETCHED = 1_000, 3, 200


def test_nothing_is_lost_when_the_listener_is_killed_while_mail_is_pushed(installation: Installation) -> None:
    installation.run("workspace", "add", "company-name", "--company", "My Company")
    installation.run("domain", "add", "company-name.com", "--workspace", "company-name")
    port = installation.port("MX")
    command = [sys.executable, "-m", "postroom.bench.pour", str(port), "catchall@company-name.com", str(MAILS), "8"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as pour:
        for kill in range(KILLS):
            with installation.serving("smtpd", "--only", "mx") as served:
                wait_for(port)
                wait_for_mails(installation, (kill + 1) * MAILS // (KILLS + 2))
                served.process.kill()
                served.process.wait()
        with installation.serving("smtpd", "--only", "mx"):
            output, _ = pour.communicate(timeout=200)
    told = json.loads(output)
    assert told["accepted"] == MAILS
    assert told["lost"] > 0
    assert distinct_mails(installation) == MAILS


@pytest.mark.skipif(dovecot.why_unavailable() is not None, reason=str(dovecot.why_unavailable()))
def test_a_mailbox_is_fetched_once_when_the_worker_is_killed_while_it_fetches(installation: Installation) -> None:
    installation.run("workspace", "add", "company-name", "--company", "My Company")
    with run_dovecot() as peer:
        with peer.client("mary") as client:
            for number in range(FETCHED):
                client.append("INBOX", "", "", letter(subject=f"Question {number}"))
        added = installation.run(
            *("incoming", "add", "Box", "--workspace", "company-name", "--host", "127.0.0.1", "--port", str(peer.imap)),
            *("--encryption", "none", "--username", "mary", "--password-file", password_file(installation)),
        )
        assert added.returncode == 0, added.stderr
        with installation.serving("worker") as served:
            wait_for_mails(installation, FETCHED // 20)
            served.process.kill()
            served.process.wait()
        assert 0 < distinct_mails(installation) < FETCHED
        with psycopg.connect(installation.environ["POSTROOM_DATABASE_URL"], autocommit=True) as connection:
            # The claim of the dead one ends by itself after a minute.
            connection.execute("UPDATE inbound_incomingserver SET held_until = now(), due_at = now()")
        with installation.serving("worker"):
            wait_for_mails(installation, FETCHED)
            assert wait_until(lambda: all("\\Seen" in flags for flags in peer.flags()))
    assert all_mails(installation) == FETCHED


def password_file(installation: Installation) -> str:
    file = installation.home / "password"
    file.write_text(PASSWORD)
    return str(file)


def all_mails(installation: Installation) -> int:
    with psycopg.connect(installation.environ["POSTROOM_DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM inbound_incomingcontent").fetchone()
    assert row is not None
    return int(row[0])


def wait_for_mails(installation: Installation, count: int) -> None:
    while distinct_mails(installation) < count:
        time.sleep(0.05)


def distinct_mails(installation: Installation) -> int:
    with psycopg.connect(installation.environ["POSTROOM_DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(DISTINCT message_id) FROM inbound_incomingcontent").fetchone()
    assert row is not None
    return int(row[0])
