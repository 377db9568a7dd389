"""Does a person's own mailbox send their mail, all of it, and nobody else's?"""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from postroom.outbound import route
from postroom.policy.permission import Role
from postroom.rfc.address import parse_mailbox
from postroom.servers.models import OAuthAccount, OutgoingServer
from postroom.workspaces.access import company_of
from postroom.workspaces.models import Change, Membership, Workspace
from tests.peers.oauth_provider import Provider, run_oauth_provider
from tests.servers.oauth.connecting import make_app
from tests.web.samples import make_member

BY_PASSWORD = {
    "authentication": "login",
    "host": "smtp.example.com",
    "encryption": "tls",
    "port": "465",
    "username": "mary",
    "password": "secret",
}
GMAIL = {"authentication": "gmail", "encryption": "starttls", "port": "587", "username": "boss@company-name.com"}


@pytest.fixture
def provider(db: None) -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        make_app(provider)
        yield provider


def server_of(author: str, workspace: Workspace) -> str | None:
    company = company_of(Workspace.objects.get(pk=workspace.pk), None)
    found = route.decide(parse_mailbox(author), company=company).server
    return found.name if found else None


def test_a_mailbox_with_a_password_sends_its_owners_mail_alone(member: Client, workspace: Workspace) -> None:
    answer = member.post("/mailbox", BY_PASSWORD, follow=True)
    assert "Mail from mary@company-name.com leaves through your own mailbox" in answer.content.decode()
    assert "secret" not in answer.content.decode()
    server = OutgoingServer.objects.get()
    assert (server.from_filter, server.max_messages_per_minute, server.host) == (
        "mary@company-name.com",
        30,
        "smtp.example.com",
    )
    assert server_of("Mary <mary@company-name.com>", workspace) == server.name
    assert server_of("boss@company-name.com", workspace) is None
    assert Change.objects.get().by == "mary@company-name.com"


def test_with_gmail_it_is_the_account_of_the_address_one_signs_in_with(
    member: Client, workspace: Workspace, provider: Provider
) -> None:
    """Whatever else the form says: connecting somebody else's address would take their mail."""
    member.post("/mailbox", GMAIL)
    server = OutgoingServer.objects.get()
    assert (server.username, server.from_filter, server.host) == (
        "mary@company-name.com",
        "mary@company-name.com",
        "smtp.gmail.com",
    )
    assert server_of("mary@company-name.com", workspace) is None, (
        "her mail does not wait for a sign-in that may not come"
    )
    assert "until then your mail leaves through the workspace" in member.get("/mailbox").content.decode()
    page = member.post(f"/settings/servers/{server.pk}/connect").content.decode()
    found = re.search(r'content="0; url=([^"]+)"', page)
    assert found
    back = provider.agree(unescape(found[1])).partition("/oauth/")[2]
    answer = member.get(f"/oauth/{back}", follow=True)
    assert "Connected as mary@company-name.com" in answer.content.decode()
    assert OAuthAccount.objects.get().servers.get() == server
    assert server_of("mary@company-name.com", workspace) == server.name
    assert (
        member.post(f"/settings/servers/{server.pk}/disconnect", {"typed": "mary@company-name.com"}).status_code == 302
    )
    assert OAuthAccount.objects.get().state == "needs_sign_in"


def test_the_lists_of_servers_bear_one_that_is_not_connected(
    owner: Client, workspace: Workspace, provider: Provider
) -> None:
    owner.post("/mailbox", GMAIL)
    assert "olga@company-name.com" in owner.get("/settings/servers").content.decode()
    assert owner.get("/settings/route", {"author": "olga@company-name.com"}).status_code == 200
    assert owner.get(f"/settings/servers/{OutgoingServer.objects.get().pk}").status_code == 200


def test_nobody_else_connects_or_changes_it_but_an_administrator_may_archive_it(
    member: Client, owner: Client, outsider: Client, workspace: Workspace, provider: Provider
) -> None:
    member.post("/mailbox", GMAIL)
    server = OutgoingServer.objects.get()
    assert owner.post(f"/settings/servers/{server.pk}/connect").status_code == 403
    assert outsider.post(f"/settings/servers/{server.pk}/connect").status_code == 404
    assert owner.post(f"/settings/servers/{server.pk}", {"from_filter": "company-name.com"}).status_code == 403
    page = owner.get(f"/settings/servers/{server.pk}").content.decode()
    assert "own mailbox: it sends for their address alone" in page
    assert "Connect the account" not in page
    owner.post(f"/settings/servers/{server.pk}/archive", {"typed": server.name})
    assert server_of("mary@company-name.com", workspace) is None
    assert owner.post(f"/settings/servers/{server.pk}/restore").status_code == 404, "that is for its owner"
    assert "Connect the mailbox of mary@company-name.com" in member.get("/mailbox").content.decode()


def test_who_leaves_the_workspace_sends_there_no_more(member: Client, workspace: Workspace) -> None:
    member.post("/mailbox", BY_PASSWORD)
    assert server_of("mary@company-name.com", workspace) is not None
    Membership.objects.get(user__email="mary@company-name.com").delete()
    assert server_of("mary@company-name.com", workspace) is None


def test_it_is_removed_with_its_password(member: Client, workspace: Workspace) -> None:
    member.post("/mailbox", BY_PASSWORD)
    assert "Your mail, that which waits included" in member.get("/mailbox/remove").content.decode()
    member.post("/mailbox/remove", {"typed": "mary@company-name.com"})
    server = OutgoingServer.objects.get()
    assert (server.is_active, server.password) == (False, "")
    assert server_of("mary@company-name.com", workspace) is None
    assert member.get("/mailbox/remove").status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": ""}, "Enter the SMTP server"),
        ({"password": ""}, "Enter the password of the mailbox"),
        ({"host": "two words"}, "is not a host name"),
        ({"encryption": "none"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(member: Client, change: dict[str, str], words: str) -> None:
    assert words in unescape(member.post("/mailbox", {**BY_PASSWORD, **change}).content.decode())
    assert not OutgoingServer.objects.exists()


def test_a_reader_has_none(workspace: Workspace) -> None:
    client = Client()
    client.force_login(make_member(workspace, "rita@company-name.com", role=Role.READER))
    assert client.get("/mailbox").status_code == 403
    assert "/mailbox" not in client.get("/messages").content.decode()


def test_two_people_have_each_their_own(member: Client, owner: Client, workspace: Workspace) -> None:
    member.post("/mailbox", BY_PASSWORD)
    owner.post("/mailbox", {**BY_PASSWORD, "username": "olga"})
    assert {server_of(f"{name}@company-name.com", workspace) for name in ("mary", "olga")} == set(
        OutgoingServer.objects.values_list("name", flat=True)
    )
