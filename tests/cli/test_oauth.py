"""Can a person register Postroom at a provider and connect an account from the command line?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postroom.servers.models import OAuthAccount
from tests.cli.conftest import Postroom, run
from tests.peers.oauth_provider import CLIENT_ID, CLIENT_SECRET, Provider, run_oauth_provider

HERE = ("--workspace", "company-name")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        yield provider


@pytest.fixture
def secret(tmp_path: Path) -> str:
    (tmp_path / "secret").write_text(CLIENT_SECRET + "\n")
    return str(tmp_path / "secret")


@pytest.fixture(autouse=True)
def server(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    postroom("server", "add", "Gmail", *HERE, "--authentication", "gmail", "--username", "mary@gmail.example")


def register(postroom: Postroom, provider: Provider, secret: str) -> str:
    places = [("--authorization-url", "authorize"), ("--token-url", "token"), ("--revocation-url", "revoke")]
    urls = [word for option, path in places for word in (option, f"{provider.url}/{path}")]
    return postroom("oauth", "app", "google", "--client-id", CLIENT_ID, "--secret-file", secret, *urls)


def test_an_account_is_connected_with_a_browser_elsewhere(
    postroom: Postroom, provider: Provider, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "/oauth/google/confirm" in register(postroom, provider, secret)
    shown = postroom("server", "list", *HERE)
    assert "smtp.gmail.com:587  mary@gmail.example" in shown

    def paste(_: str) -> str:
        """The person: copies the address that the command has printed into a browser, and back from it."""
        address = next(line for line in said if line.startswith(provider.url))
        return provider.agree(address)

    said: list[str] = []
    monkeypatch.setattr("postroom.cli.oauth.click.echo", lambda text: said.extend(text.splitlines()))
    monkeypatch.setattr("postroom.cli.oauth.click.prompt", paste)
    postroom("oauth", "connect", "Gmail", *HERE)
    assert said[-1] == "mary@gmail.example is connected; “Gmail” sends as it."
    said.clear()
    postroom("oauth", "list", *HERE)
    assert said == [
        f"installation  Google  {CLIENT_ID}  secret without an end",
        "company-name  mary@gmail.example  Connected  Gmail",
    ]
    postroom("oauth", "disconnect", "mary@gmail.example", *HERE)
    assert OAuthAccount.objects.get().state == OAuthAccount.State.NEEDS_SIGN_IN


def test_an_address_from_another_sign_in_is_refused(postroom: Postroom, provider: Provider, secret: str) -> None:
    register(postroom, provider, secret)
    result = run("oauth", "connect", "Gmail", *HERE, input_="http://127.0.0.1/oauth/google/confirm?state=x&code=y\n")
    assert result.exit_code == 1
    assert "This sign-in was not begun here" in result.stderr


def test_says_what_to_do_first(refused: Postroom) -> None:
    assert "not registered at this provider" in refused("oauth", "connect", "Gmail", *HERE).splitlines()[-1]


def test_asks_when_a_secret_of_microsoft_ends(postroom: Postroom, refused: Postroom, secret: str) -> None:
    registration = ("oauth", "app", "microsoft", "--client-id", "1", "--secret-file", secret)
    assert "the day on which the client secret ends" in refused(*registration)
    assert "secret ends 2099-12-31" in postroom(*registration, "--secret-expires", "2099-12-31")


def test_secrets_go_to_https_addresses_only(refused: Postroom, secret: str) -> None:
    registration = ("oauth", "app", "google", "--client-id", "1", "--secret-file", secret)
    assert "https" in refused(*registration, "--token-url", "http://token.example/")
