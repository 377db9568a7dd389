"""Is every mail that was answered with 250 there, whatever dies in between?"""

import json
import subprocess
import sys
import time

import psycopg
import pytest

from postroom.bench.submit import wait_for
from tests.installation import Installation
from tests.serve.conftest import installation

__all__ = ["installation"]
pytestmark = [pytest.mark.story, pytest.mark.timeout(300)]
MAILS, KILLS = 1_000, 3


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


def wait_for_mails(installation: Installation, count: int) -> None:
    while distinct_mails(installation) < count:
        time.sleep(0.05)


def distinct_mails(installation: Installation) -> int:
    with psycopg.connect(installation.environ["POSTROOM_DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(DISTINCT message_id) FROM inbound_incomingcontent").fetchone()
    assert row is not None
    return int(row[0])
