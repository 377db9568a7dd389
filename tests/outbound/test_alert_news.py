"""Is a broken account told of through another server than the one that is broken?"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from postroom.outbound import alert_news
from postroom.outbound.models import Delivery, Message, MessageContent, Outlet
from postroom.policy.permission import Role
from postroom.policy.webhook import Event
from postroom.servers.models import OAuthAccount, OutgoingServer
from postroom.servers.oauth.tokens import ConsentRevokedError, fresh_token
from postroom.servers.oauth.trouble import count_down
from postroom.servers.save import save_server
from postroom.webhooks.models import WebhookEvent
from postroom.webhooks.subscriptions import add_webhook
from postroom.workspaces.alerts import raise_alert
from postroom.workspaces.models import Membership, User
from tests.outbound.office import Office
from tests.peers.oauth_provider import Provider, run_oauth_provider
from tests.servers.oauth.connecting import connect, make_app


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        yield provider


@pytest.fixture
def gmail(office: Office, provider: Provider) -> OutgoingServer:
    """Connected; an owner, an administrator and a member belong to the workspace."""
    make_app(provider)
    row = OutgoingServer(
        workspace=office.workspace, name="Gmail", authentication="gmail", username="mary@gmail.example"
    )
    server = save_server(row)
    connect(server, provider)
    for role in (Role.OWNER, Role.ADMINISTRATOR, Role.MEMBER):
        user = User.objects.create_user(f"{role}@company-name.com", "secret")
        Membership.objects.create(workspace=office.workspace, user=user, role=role)
    return server


def end_permission(server: OutgoingServer, provider: Provider) -> None:
    provider.let_expire()
    provider.revoke_all()
    OAuthAccount.objects.update(expires_at="2026-01-01T00:00:00Z")
    assert server.oauth_account_id
    with pytest.raises(ConsentRevokedError):
        fresh_token(OAuthAccount.objects.get())


def told() -> dict[str, tuple[str, int | None]]:
    """Recipients, with the workspace in whose name and the server through which they are told."""
    rows = Delivery.objects.values_list("recipient", "workspace__slug", "message__server")
    return {recipient: (slug, server) for recipient, slug, server in rows}


def test_another_server_of_the_workspace_tells_who_can_mend_it(
    office: Office, gmail: OutgoingServer, provider: Provider
) -> None:
    other = office.add_server(name="Brevo", from_filter="elsewhere.example")
    end_permission(gmail, provider)
    assert alert_news.tell() == 1
    way = ("company-name", other.pk)
    assert told() == {"owner@company-name.com": way, "administrator@company-name.com": way}
    assert b"permission to use mary@gmail.example has ended" in bytes(MessageContent.objects.all()[0].body)
    assert alert_news.tell() == 0, "once"


def test_each_is_told_in_their_language(office: Office, gmail: OutgoingServer, provider: Provider) -> None:
    office.add_server(name="Brevo", from_filter="elsewhere.example")
    User.objects.filter(email__startswith="owner").update(language="fr")
    end_permission(gmail, provider)
    alert_news.tell()
    texts = {
        message.deliveries.get().recipient.partition("@")[0]: (message.subject, bytes(message.content.body))
        for message in Message.objects.all()
    }
    assert texts["owner"][0].endswith(": du courrier ne peut pas partir")
    assert b"utiliser mary@gmail.example a pris fin" in texts["owner"][1]
    assert texts["administrator"][0].endswith(": mail cannot leave")
    assert b"permission to use mary@gmail.example has ended" in texts["administrator"][1]


def test_not_through_one_that_has_a_fault_itself(office: Office, gmail: OutgoingServer, provider: Provider) -> None:
    faulty, works = office.add_server(name="A faulty one", priority=1), office.add_server(name="B", priority=50)
    Outlet.objects.create(server=faulty, faults=3)
    end_permission(gmail, provider)
    alert_news.tell()
    assert {server for _, server in told().values()} == {works.pk}


def test_without_another_the_default_server_does(
    office: Office, gmail: OutgoingServer, provider: Provider, settings: Settings
) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, default_server="smtp://127.0.0.1:2")
    end_permission(gmail, provider)
    alert_news.tell()
    assert set(told().values()) == {("platform", None)}


def test_without_any_it_is_shown_and_told_by_webhook_alone(
    office: Office, gmail: OutgoingServer, provider: Provider
) -> None:
    add_webhook(office.workspace, "https://hooks.example.com/", events=[Event.ALERT_RAISED], by="tests")
    end_permission(gmail, provider)
    assert alert_news.tell() == 1
    assert told() == {}
    event = WebhookEvent.objects.get()
    assert (event.type, event.payload["kind"]) == ("alert.raised", "oauth_account")
    assert "has ended" in event.payload["what_happened"]


def test_each_step_of_a_countdown_is_told(office: Office, gmail: OutgoingServer, provider: Provider) -> None:
    """Of the registration that all workspaces share: those with accounts hear of it."""
    other = office.add_server(name="Brevo")
    account = OAuthAccount.objects.get()
    account.app.secret_expires_on = account.renewed_at.date().replace(year=2028, month=11, day=30)  # type: ignore[union-attr]
    account.app.save()
    for day in (1, 2, 24, 29):
        count_down(account.app, today=account.app.secret_expires_on.replace(day=day))
        alert_news.tell()
    assert Delivery.objects.filter(recipient="owner@company-name.com", message__server=other).count() == 3


def test_what_people_need_not_be_woken_for_is_not_mailed(office: Office, gmail: OutgoingServer) -> None:
    raise_alert(office.workspace, "dns", "company-name.com", what_happened="The SPF record is missing.")
    assert alert_news.tell() == 1
    assert told() == {}
