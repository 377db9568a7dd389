"""Can people say from where mail is fetched, see how the visits go, and try a server?"""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from postroom.inbound.mailboxes import trial
from postroom.inbound.mailboxes.save import save_incoming_server
from postroom.inbound.models import IncomingServer
from postroom.workspaces.models import Change, Workspace
from tests.peers.oauth_provider import run_oauth_provider
from tests.servers.oauth.connecting import make_app
from tests.web.test_oauth import come_back, go_there

PATH = "/settings/incoming-servers"
GIVEN = {
    "name": "Sales", "is_active": "on", "protocol": "imap", "encryption": "tls", "host": "imap.example.com",
    "port": "993", "authentication": "login", "username": "sales@company-name.com", "password": "secret",
    "folder": "INBOX", "afterwards": "seen", "poll_seconds": "300", "record_type": "crm.lead",
    "verifies_certificate": "on",
}  # fmt: skip


@pytest.fixture
def server(owner: Client, workspace: Workspace) -> IncomingServer:
    assert owner.post(f"{PATH}/new", GIVEN).status_code == 302
    return workspace.incoming_servers.get()


def shown(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response
    return response.content.decode()


def test_an_empty_list_says_what_a_server_is_for(owner: Client) -> None:
    assert "No mail is fetched" in shown(owner, PATH)


def test_a_server_is_made_and_its_password_kept_and_never_shown(owner: Client, server: IncomingServer) -> None:
    assert server.password == "secret"
    page = shown(owner, f"{PATH}/{server.pk}")
    assert "secret" not in page
    assert "One is stored" in page
    owner.post(f"{PATH}/{server.pk}", {**GIVEN, "password": "", "folder": "Sales"})
    server.refresh_from_db()
    assert (server.password, server.folder) == ("secret", "Sales")
    assert "secret" not in str(list(Change.objects.values_list("before", "after")))
    assert "sales@company-name.com" in shown(owner, PATH)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"host": ""}, "host name"),
        ({"protocol": "pop3"}, "POP3 cannot mark mail as read"),
        ({"poll_seconds": "1"}, "at least 30 seconds"),
    ],
)
def test_what_cannot_be_fetched_from_is_refused(
    owner: Client, workspace: Workspace, changed: dict[str, str], words: str
) -> None:
    assert words in owner.post(f"{PATH}/new", {**GIVEN, **changed}).content.decode()
    assert not workspace.incoming_servers.exists()


def test_tells_what_the_last_visit_found(owner: Client, server: IncomingServer) -> None:
    IncomingServer.objects.update(failures=3, last_error="The server refused the password.")
    assert "The server refused the password." in shown(owner, PATH)
    assert "The server refused the password." in shown(owner, f"{PATH}/{server.pk}")


def test_a_trial_shows_the_step_that_failed(owner: Client, server: IncomingServer, closed_port: int) -> None:
    IncomingServer.objects.update(host="127.0.0.1", port=closed_port)
    assert "was not tested yet" in shown(owner, f"{PATH}/{server.pk}/test")
    owner.post(f"{PATH}/{server.pk}/test")
    assert "The test is running." in shown(owner, f"{PATH}/{server.pk}/test")
    trial.run(server.pk)
    part = owner.get(f"{PATH}/{server.pk}/test", headers={"HX-Request": "true"}).content.decode()
    assert "Connect:" in part
    assert "hx-get" not in part


def test_a_server_goes_once_its_name_was_typed(owner: Client, server: IncomingServer) -> None:
    owner.post(f"{PATH}/{server.pk}/remove", {"typed": "no"})
    assert IncomingServer.objects.exists()
    owner.post(f"{PATH}/{server.pk}/remove", {"typed": "Sales"})
    assert not IncomingServer.objects.exists()


def test_only_who_may_change_settings_does(member: Client, outsider: Client, server: IncomingServer) -> None:
    assert member.get(PATH).status_code == 403
    assert outsider.get(f"{PATH}/{server.pk}").status_code in (403, 404)
    assert member.post(f"{PATH}/{server.pk}/test").status_code == 403


def test_an_account_is_connected_and_disconnected_on_its_page(
    owner: Client, member: Client, workspace: Workspace
) -> None:
    row = IncomingServer(workspace=workspace, name="Gmail", authentication="gmail", username="mary@gmail.example")
    page = f"{PATH}/{save_incoming_server(row).pk}"
    assert "is not registered at Google" in shown(owner, page)
    assert "Its account is not connected." in shown(owner, PATH)
    with run_oauth_provider() as provider:
        make_app(provider)
        assert "no mail is fetched" in shown(owner, page)
        assert member.post(f"{page}/connect").status_code == 403
        status, text = come_back(owner, provider.agree(go_there(owner, page)))
        assert (status, "its mail is fetched from now on" in text, "Connected as mary" in text) == (200, True, True)
        owner.post(f"{page}/disconnect", {"typed": "mary@gmail.example"})
        assert provider.tokens[0].is_revoked_
    assert "no mail is fetched" in shown(owner, page)


def test_an_account_that_may_not_be_fetched_from_by_pop3_is_connected_again(
    owner: Client, workspace: Workspace
) -> None:
    outlook = {"authentication": "outlook", "username": "mary@outlook.example"}
    page = f"{PATH}/{save_incoming_server(IncomingServer(workspace=workspace, name='Outlook', **outlook)).pk}"
    with run_oauth_provider() as provider:
        make_app(provider, provider="microsoft", secret_expires_on=timezone.now().date() + timedelta(days=90))
        come_back(owner, provider.agree(go_there(owner, page)))
        assert "Connected as mary@outlook.example" in shown(owner, page)
        IncomingServer.objects.update(protocol="pop3")
        assert "no mail is fetched" in shown(owner, page)
        come_back(owner, provider.agree(go_there(owner, page)))
        assert "Connected as mary@outlook.example" in shown(owner, page)


def test_another_username_is_another_account(owner: Client, server: IncomingServer, workspace: Workspace) -> None:
    gmail = {**GIVEN, "authentication": "gmail", "username": "mary@gmail.example"}
    with run_oauth_provider() as provider:
        make_app(provider)
        owner.post(f"{PATH}/{server.pk}", gmail)
        come_back(owner, provider.agree(go_there(owner, f"{PATH}/{server.pk}")))
    owner.post(f"{PATH}/{server.pk}", {**gmail, "folder": "Sales"})
    server.refresh_from_db()
    assert server.account_state == "connected"
    owner.post(f"{PATH}/{server.pk}", {**gmail, "username": "joe@gmail.example"})
    server.refresh_from_db()
    assert server.oauth_account is None
