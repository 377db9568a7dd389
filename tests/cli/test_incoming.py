"""Can a person set up servers from which mail is fetched at the command line?"""

import pytest

from postroom.inbound.models import IncomingServer
from tests.cli.conftest import Postroom, run
from tests.peers.oauth_provider import run_oauth_provider
from tests.servers.oauth.connecting import make_app

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
    assert postroom("incoming", "list", *HERE) == "There are no incoming servers.\n"


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


def test_an_account_is_connected_with_a_browser_elsewhere(postroom: Postroom, monkeypatch: pytest.MonkeyPatch) -> None:
    added = ("--authentication", "gmail", "--username", "mary@gmail.example")
    assert "its account is not connected" in postroom("incoming", "add", "Gmail", *HERE, *added)
    said: list[str] = []
    monkeypatch.setattr("postroom.cli.oauth.click.echo", lambda text: said.extend(text.splitlines()))
    with run_oauth_provider() as provider:
        make_app(provider)
        monkeypatch.setattr("postroom.cli.oauth.click.prompt", lambda _: provider.agree(said[2]))
        postroom("incoming", "connect", "Gmail", *HERE)
    assert said[-1] == "mary@gmail.example is connected; “Gmail” fetches its mail."
    assert IncomingServer.objects.get().account_state == "connected"
