"""Does a person get a mailbox at a provider connected in the browser, and nobody else's?"""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from postroom.policy.permission import Role
from postroom.servers.models import OAuthAccount, OAuthApp, OutgoingServer
from postroom.servers.oauth.sign_in import Starter, begin, wanted_by
from postroom.servers.save import save_server
from postroom.workspaces.models import Change, Workspace
from tests.peers.oauth_provider import Provider, run_oauth_provider
from tests.servers.oauth.connecting import make_app
from tests.web.samples import make_member


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        yield provider


@pytest.fixture
def server(workspace: Workspace, provider: Provider) -> OutgoingServer:
    make_app(provider)
    row = OutgoingServer(workspace=workspace, name="Gmail", authentication="gmail", username="mary@gmail.example")
    return save_server(row)


def page_of(server: OutgoingServer) -> str:
    return f"/settings/servers/{server.pk}"


def go_there(client: Client, server_page: str) -> str:
    """Press the button; where the provider's sign-in page is."""
    page = client.post(f"{server_page}/connect")
    assert page.status_code == 200, page.content.decode()
    assert "form-action 'self'" in page["Content-Security-Policy"]
    found = re.search(r'content="0; url=([^"]+)"', page.content.decode())
    assert found
    return unescape(found[1])


def come_back(client: Client, address: str) -> tuple[int, str]:
    """Status and text of the page at the end."""
    parts = urlsplit(address)
    answer = client.get(f"{parts.path}?{parts.query}", follow=True)
    return answer.status_code, unescape(answer.content.decode())


def test_an_account_is_connected_there_and_back(owner: Client, server: OutgoingServer, provider: Provider) -> None:
    page = f"/settings/servers/{server.pk}"
    assert "Not connected yet" in owner.get(page).content.decode()
    status, text = come_back(owner, provider.agree(go_there(owner, page_of(server))))
    assert status == 200
    assert "mary@gmail.example is connected" in text
    assert "Connected as mary@gmail.example" in text, "back on the server's page"
    account = OAuthAccount.objects.get()
    assert (account.state, account.servers.get()) == ("connected", server)
    assert "olga@company-name.com" in set(Change.objects.values_list("by", flat=True))
    assert provider.tokens[0].access_token not in text


def test_a_link_from_elsewhere_connects_nothing(
    owner: Client, outsider: Client, server: OutgoingServer, provider: Provider
) -> None:
    """Whoever makes another person follow the end of their own sign-in must not put their account there."""
    back = provider.agree(go_there(owner, page_of(server)))
    for stranger in (outsider, Client()):
        status, text = come_back(stranger, back)
        assert status == 400
        assert "was not begun here" in text
    assert not OAuthAccount.objects.exists()
    assert come_back(owner, back)[0] == 200, "and it is still good for who began it"
    assert come_back(owner, back)[0] == 400, "once"


def test_somebody_else_at_the_same_browser_is_asked_to_begin_anew(
    owner: Client, server: OutgoingServer, provider: Provider, workspace: Workspace
) -> None:
    back = provider.agree(go_there(owner, page_of(server)))
    secret = owner.session["oauth_begun"]
    other = Client()
    other.force_login(make_member(workspace, "ann@company-name.com", role=Role.OWNER))
    session = other.session
    session["oauth_begun"] = secret
    session.save()
    status, text = come_back(other, back)
    assert (status, "Sign in again as the person who began this" in text) == (400, True)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("error=access_denied", "did not agree"),
        ("error=server_error&error_description=<b>Try+later</b>", "&lt;b&gt;Try later&lt;/b&gt;"),
        ("code=made-up", "gave no permission"),
        ("", "did not let Postroom in: ?"),
    ],
)
def test_a_refusal_is_told_in_words_with_the_way_back(
    owner: Client, server: OutgoingServer, provider: Provider, query: str, words: str
) -> None:
    go = go_there(owner, page_of(server))
    state = re.search(r"state=([\w-]+)", go)
    assert state
    answer = owner.get(f"/oauth/google/confirm?state={state[1]}&{query}")
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert f"/settings/servers/{server.pk}" in answer.content.decode()


def test_a_provider_that_is_away_is_told(owner: Client, server: OutgoingServer, provider: Provider) -> None:
    back = provider.agree(go_there(owner, page_of(server)))
    provider.is_down = True
    status, text = come_back(owner, back)
    assert status == 400
    assert "HTTP 503" in text


def test_who_began_on_the_command_line_finds_the_address_to_paste(server: OutgoingServer, provider: Provider) -> None:
    status, text = come_back(Client(), provider.agree(begin(wanted_by(server), Starter("of the command"))))
    assert status == 400
    assert "command line" in text
    assert "state=" in text


def test_an_account_is_disconnected_and_the_provider_told(
    owner: Client, server: OutgoingServer, provider: Provider
) -> None:
    come_back(owner, provider.agree(go_there(owner, page_of(server))))
    path = f"/settings/servers/{server.pk}/disconnect"
    assert "forgets the permission" in owner.get(path).content.decode()
    owner.post(path, {"typed": "something"})
    assert OAuthAccount.objects.get().state == "connected"
    answer = owner.post(path, {"typed": "mary@gmail.example"}, follow=True)
    assert "Not connected yet" in answer.content.decode()
    assert provider.tokens[0].is_revoked_


def test_a_permission_that_has_ended_and_a_secret_that_will_are_shown(
    owner: Client, server: OutgoingServer, provider: Provider
) -> None:
    come_back(owner, provider.agree(go_there(owner, page_of(server))))
    OAuthAccount.objects.update(state="consent_revoked", last_error="invalid_grant: Token has been revoked.")
    OAuthApp.objects.update(secret_expires_on=timezone.now().date() + timedelta(days=7))
    page = owner.get(f"/settings/servers/{server.pk}").content.decode()
    assert "has ended: it was taken back" in page
    assert "invalid_grant: Token has been revoked." in page
    assert "ends in 7 days" in page
    OAuthApp.objects.update(secret_expires_on=timezone.now().date() - timedelta(days=1))
    assert "has ended: the account cannot be used" in owner.get(f"/settings/servers/{server.pk}").content.decode()


def test_without_a_registration_the_page_says_who_mends_it(owner: Client, server: OutgoingServer) -> None:
    OAuthApp.objects.all().delete()
    page = owner.get(f"/settings/servers/{server.pk}").content.decode()
    assert "Postroom is not registered at Google yet" in page
    assert "Connect the account" not in page
    answer = owner.post(f"/settings/servers/{server.pk}/connect", follow=True)
    assert "not registered at this provider yet" in answer.content.decode()


def test_only_who_may_change_settings_connects_a_shared_server(
    member: Client, outsider: Client, server: OutgoingServer
) -> None:
    assert member.post(f"/settings/servers/{server.pk}/connect").status_code == 403
    assert member.get(f"/settings/servers/{server.pk}/disconnect").status_code == 403
    assert outsider.post(f"/settings/servers/{server.pk}/connect").status_code == 404
    assert outsider.post(f"/settings/servers/{server.pk}/disconnect").status_code == 404
