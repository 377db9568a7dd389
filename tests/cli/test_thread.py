"""Can a person read and write conversations at the command line?"""

import pytest

from postroom.policy.notification import Way
from postroom.threads import loops
from tests.cli.conftest import Postroom
from tests.threads.desk import MARY, Desk

HERE = ("--workspace", "company-name")


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


def test_a_thread_is_written_read_and_resumed(postroom: Postroom, refused: Postroom, desk: Desk) -> None:
    desk.add_server()
    lead = desk.add_record("Roof")
    desk.add_user("Joe")
    desk.follow(lead, MARY)
    desk.follow(lead, desk.add_user("Ben", way=Way.INBOX))
    number = str(lead)
    words = ("--text", "We come on Monday.", "--user", "joe@company-name.com")
    assert postroom("thread", "post", number, *words, *HERE).endswith("told: 2\n")
    shown = postroom("thread", "show", number, *HERE)
    assert "comment  Joe <joe@company-name.com>\n    We come on Monday." in shown.replace('"', "")
    assert "→ mary@customer.example.com by email: queued" in shown
    assert "→ ben@company-name.com by inbox: unread" in shown
    loops.pause(desk.record(lead), "Two programs write to each other.")
    assert postroom("thread", "list", "--paused", *HERE) == f"{lead}  crm.lead  Roof  paused\n"
    assert "Paused: Two programs" in postroom("thread", "show", number, *HERE)
    postroom("thread", "resume", number, *HERE)
    assert postroom("thread", "list", "--paused", *HERE) == "There is no such record.\n"
    assert "no record 404" in refused("thread", "show", "404", *HERE)
    assert "no member" in refused("thread", "post", number, "--text", "x", "--user", "eve@x.example", *HERE)
