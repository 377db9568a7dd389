"""Can a person set up servers from which mail is fetched at the command line?"""

import pytest

from tests.cli.conftest import Postroom, run

HERE = ("--workspace", "company-name")


@pytest.fixture(autouse=True)
def workspace(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")


def add(postroom: Postroom, *options: str) -> str:
    usual = ("--host", "no-such-host.invalid", "--username", "mary", "--password-file", "-")
    return postroom("incoming", "add", "Box", *HERE, *usual, *options, input_="secret\n")


def test_adds_lists_and_removes_a_server(postroom: Postroom) -> None:
    line = add(postroom)
    assert "imap mary at no-such-host.invalid:993, INBOX, mark as read" in line
    assert postroom("incoming", "list", *HERE) == line
    postroom("incoming", "remove", "box", *HERE)
    assert postroom("incoming", "list", *HERE) == ""


def test_says_step_by_step_what_fails(postroom: Postroom) -> None:
    add(postroom)
    result = run("incoming", "test", "Box", *HERE)
    assert result.exit_code == 1
    assert result.output.startswith("resolve  FAILED")
    assert "name is not known" in result.output


def test_says_why_nothing_can_be_fetched(postroom: Postroom, refused: Postroom) -> None:
    add(postroom)
    assert "name is not known" in refused("incoming", "fetch", "Box", *HERE)
    assert "There is no incoming server" in refused("incoming", "fetch", "Other", *HERE)
