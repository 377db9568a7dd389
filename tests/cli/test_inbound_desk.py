"""Can a person look after mail that found no place at the command line?"""

import pytest

from postroom.inbound.handle import handle_received
from postroom.inbound.models import IncomingMessage
from postroom.workspaces.models import Workspace
from tests.cli.conftest import Postroom
from tests.inbound.mail import letter, take
from tests.threads.desk import Desk

HERE = ("--workspace", "company-name")
NOBODY = "sales@company-name.com"


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


@pytest.fixture
def waiting(desk: Desk) -> str:
    return str(take(letter(subject="My roof"), NOBODY).pk)


def state(id_: str) -> str:
    return IncomingMessage.objects.get(pk=id_).state


def test_the_desk_is_listed_and_a_mail_shown(postroom: Postroom, waiting: str) -> None:
    listed = postroom("inbound", "desk", "list", *HERE)
    assert listed.startswith(f"{waiting}  ")
    assert f"mary@customer.example.com to {NOBODY}: My roof\n    No address of ours" in listed
    shown = postroom("inbound", "desk", "show", waiting, *HERE)
    assert "Subject: My roof" in shown
    assert "How are you?" in shown


def test_a_mail_is_attached_or_made_a_record(postroom: Postroom, desk: Desk, waiting: str) -> None:
    lead = desk.add_record("Roof")
    assert "of “Roof”" in postroom("inbound", "desk", "attach", waiting, "--record", str(lead), *HERE)
    second = str(take(letter(subject="Second"), NOBODY).pk)
    assert "“Second”" in postroom("inbound", "desk", "create", second, "--type", "crm.lead", *HERE)
    third = str(take(letter(subject="Third"), NOBODY).pk)
    postroom("inbound", "desk", "alias", third, "--type", "crm.lead", *HERE)
    handle_received()
    assert [state(id_) for id_ in (waiting, second, third)] == ["handled"] * 3


def test_mail_is_dropped_restored_and_replayed(postroom: Postroom, waiting: str) -> None:
    assert postroom("inbound", "desk", "drop", waiting, *HERE) == "Dropped: 1\n"
    assert waiting in postroom("inbound", "desk", "list", "--dropped", *HERE)
    assert postroom("inbound", "desk", "restore", *HERE) == "Restored: 1\n"
    assert postroom("inbound", "desk", "replay", "--recipient", NOBODY, *HERE) == "Handled again: 1\n"
    assert state(waiting) == "received"


def test_a_rule_is_made_and_ended(postroom: Postroom, waiting: str) -> None:
    rule = ("--author", "mary@customer.example.com", "--action", "drop")
    assert "drop" in postroom("inbound", "desk", "always", *rule, *HERE)
    handle_received()
    assert state(waiting) == "dropped"
    number = postroom("inbound", "desk", "rules", *HERE).split()[0]
    assert postroom("inbound", "desk", "rules", "--remove", number, *HERE) == "There are no rules.\n"


def test_what_there_is_not_is_one_sentence(refused: Postroom, desk: Desk) -> None:
    assert "no incoming mail 404" in refused("inbound", "desk", "show", "404", *HERE)
    assert Workspace.objects.count() == 1


def test_who_still_uses_an_address_is_told(postroom: Postroom, desk: Desk) -> None:
    said = postroom("domain", "impact", "company-name.com", "--rename", "company-name.fr", *HERE)
    assert "0 open threads and 0 unsent messages use bounce@company-name.com (bounce)." in said
    assert said.count("\n") == 4
    desk.call("/aliases", {"local_part": "info", "domains": ["company-name.com"], "record_type": "crm.lead"})
    assert "info@company-name.com (alias)" in postroom("alias", "impact", "info@company-name.com", *HERE)


def test_mail_of_no_workspace_is_listed_and_given_to_one(postroom: Postroom, desk: Desk, waiting: str) -> None:
    lost = str(take(letter("To: info@unknown.example", subject="Whose roof?"), "info@unknown.example").pk)
    listed = postroom("inbound", "desk", "list")
    assert "Whose roof?" in listed
    assert "My roof" not in listed
    assert "How are you?" in postroom("inbound", "desk", "show", lost)
    assert postroom("inbound", "desk", "drop", lost) == "Dropped: 1\n"
    assert postroom("inbound", "desk", "restore", lost) == "Restored: 1\n"
    assert postroom("inbound", "desk", "give", lost, waiting, *HERE) == "Given to company-name: 1\n"
    handle_received()
    assert "Whose roof?" in postroom("inbound", "desk", "list", *HERE)
