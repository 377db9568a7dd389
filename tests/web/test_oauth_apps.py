"""Can Postroom be registered at Google and Microsoft on a page, with its secret shown to nobody?"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from postroom.policy.permission import Role
from postroom.servers.models import OAuthApp, OutgoingServer
from postroom.servers.oauth.registration import app_for
from postroom.servers.oauth.tokens import disconnect
from postroom.servers.oauth.trouble import count_down
from postroom.servers.oauth.watch import watch
from postroom.servers.save import save_server
from postroom.workspaces.models import Alert, Change, Workspace
from tests.peers.oauth_provider import CLIENT_SECRET, Provider, run_oauth_provider
from tests.servers.oauth.connecting import connect, make_app
from tests.web.samples import make_member
from tests.web.test_oauth import come_back, go_there, page_of

GOOGLE, MICROSOFT = "/settings/oauth/google", "/settings/oauth/microsoft"
SECRET = "GOCSPX-not-shown-to-anybody"


def in_days(days: int) -> str:
    return (timezone.now().date() + timedelta(days=days)).isoformat()


def fields(**changed: str) -> dict[str, str]:
    usual = {"client_id": "0f-9", "client_secret": SECRET, "secret_expires_on": in_days(40), "tenant": "common"}
    return usual | changed


@pytest.fixture
def administrator(db: None) -> Client:
    person = make_member(None, "root@platform.example")
    person.is_platform_administrator = True
    person.save()
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        yield provider


def test_a_registration_is_stored_encrypted_noted_and_shown_without_its_secret(
    owner: Client, workspace: Workspace
) -> None:
    assert "not registered yet" in owner.get("/settings/oauth").content.decode()
    assert "Leave this empty to keep it" not in owner.get(MICROSOFT).content.decode()
    page = owner.post(MICROSOFT, fields(), follow=True).content.decode()
    assert "0f-9" in page
    assert "ends in 40 days" in page
    app = OAuthApp.objects.get()
    assert (app.workspace, app.client_secret, app.tenant) == (workspace, SECRET, "common")
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM servers_oauthapp")
        assert SECRET not in cursor.fetchone()[0]
    note = Change.objects.get(kind="o auth app")
    assert (note.by, note.after and note.after["client_secret"]) == ("olga@company-name.com", "•••")
    assert all(SECRET not in owner.get(path).content.decode() for path in (MICROSOFT, "/settings/oauth"))
    assert "Leave this empty to keep it" in owner.get(MICROSOFT).content.decode()


def test_the_steps_and_the_redirect_address_stand_beside_the_fields_in_both_languages(owner: Client) -> None:
    page = owner.get(GOOGLE).content.decode()
    assert "/oauth/google/confirm" in page
    assert "Create credentials" in page
    assert 'name="tenant"' not in page
    french = owner.get(MICROSOFT, headers={"accept-language": "fr"}).content.decode()
    assert "SMTP.Send" in french
    assert "/oauth/microsoft/confirm" in french
    assert "pas à pas" in french
    assert owner.get("/settings/oauth/yahoo").status_code == 404


def test_an_empty_secret_keeps_the_one_that_is_stored(owner: Client) -> None:
    owner.post(MICROSOFT, fields())
    owner.post(MICROSOFT, fields(client_secret="", tenant="company-name.com"))
    app = OAuthApp.objects.get()
    assert (app.client_secret, app.tenant) == (SECRET, "company-name.com")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"client_id": " "}, "This field is required"),
        ({"client_secret": ""}, "Enter the client secret"),
        ({"secret_expires_on": ""}, "Enter the day on which the client secret ends"),
        ({"secret_expires_on": "2020-01-31"}, "This day has passed"),
        ({"secret_expires_on": "soon"}, "Enter a valid date"),
        ({"tenant": "a/b"}, "The tenant is a name"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(owner: Client, changed: dict[str, str], words: str) -> None:
    answer = owner.post(MICROSOFT, fields(**changed))
    assert words in answer.content.decode()
    assert SECRET not in answer.content.decode(), "not even what was typed just now"
    assert not OAuthApp.objects.exists()


def test_a_new_secret_wants_its_own_end(owner: Client) -> None:
    owner.post(MICROSOFT, fields(secret_expires_on=in_days(5)))
    page = owner.post(MICROSOFT, fields(client_secret="new", secret_expires_on=in_days(5))).content.decode()
    assert "the day on which the new secret ends" in page
    owner.post(MICROSOFT, fields(client_secret="new", secret_expires_on=in_days(700)))
    assert OAuthApp.objects.get().client_secret == "new"


def test_the_countdown_is_seen_and_a_new_secret_ends_its_alert(owner: Client, workspace: Workspace) -> None:
    owner.post(MICROSOFT, fields(secret_expires_on=in_days(7)))
    watch()
    assert "ends in 7 days" in Alert.objects.get(resolved_at=None).what_happened
    assert "ends in 7 days" in owner.get("/settings/oauth").content.decode()
    owner.post(MICROSOFT, fields(client_secret="new", secret_expires_on=in_days(365)))
    assert not Alert.objects.filter(resolved_at=None).exists()
    count_down(OAuthApp.objects.get(), today=timezone.now().date() + timedelta(days=366))
    assert "has ended" in Alert.objects.get(resolved_at=None).what_happened


def test_a_refused_registration_is_mended_on_its_page(owner: Client, workspace: Workspace, provider: Provider) -> None:
    """With a real authorisation server: it refuses the wrong secret, and lets Postroom in with the right one."""
    make_app(provider, workspace=workspace, client_secret="wrong")
    server = OutgoingServer(workspace=workspace, name="Gmail", authentication="gmail", username="mary@gmail.example")
    save_server(server)
    assert come_back(owner, provider.agree(go_there(owner, page_of(server))))[0] == 400
    owner.post(GOOGLE, {"client_id": app_for(workspace, "google").client_id, "client_secret": CLIENT_SECRET})
    status, text = come_back(owner, provider.agree(go_there(owner, page_of(server))))
    assert (status, "Connected as mary@gmail.example" in text) == (200, True)
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_a_secret_of_another_installation_can_be_replaced(owner: Client) -> None:
    owner.post(MICROSOFT, fields())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE servers_oauthapp SET client_secret = 'v1:broken'")
    assert owner.get("/settings/oauth").status_code == owner.get(MICROSOFT).status_code == 200
    assert "Enter the client secret" in owner.post(MICROSOFT, fields(client_secret="")).content.decode()
    owner.post(MICROSOFT, fields(secret_expires_on=in_days(50)))
    assert OAuthApp.objects.get().client_secret == SECRET


def test_the_platforms_registration_counts_for_who_has_none_and_is_noted(
    administrator: Client, owner: Client, workspace: Workspace
) -> None:
    administrator.post("/platform/oauth/microsoft", fields(client_id="of-all"))
    assert app_for(workspace, "microsoft").workspace is None
    page = owner.get("/settings/oauth").content.decode()
    assert "this installation's" in page
    assert "of-all" not in page
    assert "of-all" in administrator.get("/platform/oauth").content.decode()
    log = administrator.get("/platform/audit-log").content.decode()
    assert "root@platform.example" in log
    assert SECRET not in log
    assert "of-all" not in owner.get("/settings/audit-log").content.decode()
    owner.post(MICROSOFT, fields())
    assert app_for(workspace, "microsoft").workspace == workspace


def test_nobody_changes_it_without_the_right(workspace: Workspace, owner: Client, outsider: Client) -> None:
    owner.post(MICROSOFT, fields())
    for role, seen in ((Role.MANAGER, 200), (Role.MEMBER, 403)):
        client = Client()
        client.force_login(make_member(workspace, f"{role}@company-name.com", role=role))
        assert client.get(MICROSOFT).status_code == seen
        assert client.post(MICROSOFT, fields(client_id="mine")).status_code == 403
    assert "0f-9" not in outsider.get("/settings/oauth").content.decode()
    assert OAuthApp.objects.get().client_id == "0f-9"


def test_a_registration_goes_once_no_mailbox_is_connected_by_it(
    owner: Client, member: Client, provider: Provider, workspace: Workspace
) -> None:
    app = make_app(provider, workspace=workspace)
    server = OutgoingServer(workspace=workspace, name="Gmail", authentication="gmail", username="mary@company-name.com")
    save_server(server)
    connect(server, provider)
    path = f"{GOOGLE}/remove"
    assert path in owner.get(GOOGLE).content.decode()
    assert "No mailbox at Google can be connected any more" in owner.get(path).content.decode()
    assert "for mary@company-name.com: disconnect these" in owner.post(path, {"typed": "Google"}).content.decode()
    disconnect(app.accounts.get())
    assert owner.post(path, {"typed": "google"}).status_code == 200
    assert member.post(path, {"typed": "Google"}).status_code == 403
    assert OAuthApp.objects.exists()
    assert "no longer registered at Google" in owner.post(path, {"typed": "Google"}, follow=True).content.decode()
    assert not OAuthApp.objects.exists()
    server.refresh_from_db()
    assert server.oauth_account is None
    note = Change.objects.get(kind="o auth app", after__isnull=True)
    assert (note.before and note.before["client_secret"]) == "•••"
    assert owner.get(path).status_code == 404


def test_the_platforms_registration_goes_even_with_a_secret_that_nobody_can_read(
    administrator: Client, owner: Client, provider: Provider
) -> None:
    make_app(provider)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE servers_oauthapp SET client_secret = 'v1:broken'")
    path = "/platform/oauth/google/remove"
    assert owner.get(path).status_code == 404
    assert administrator.post(path, {"typed": "Google"})["Location"] == "/platform/oauth"
    assert not OAuthApp.objects.exists()
