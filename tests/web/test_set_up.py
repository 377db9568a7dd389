"""Does the way through the steps end with a server that works, and does no mail take it before?"""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.outbound import route
from postroom.rfc.address import parse_mailbox
from postroom.servers import connection_tests
from postroom.servers.models import OutgoingServer
from postroom.servers.presets import presets
from postroom.workspaces.access import company_of
from postroom.workspaces.models import Change, Workspace
from tests.peers.oauth_provider import Provider, run_oauth_provider
from tests.servers.oauth.connecting import make_app

START = "/settings/servers/set-up"
LOGIN = {"host": "127.0.0.1", "encryption": "none", "port": "1", "username": "mary", "password": "secret"}


@pytest.fixture
def provider(db: None) -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        make_app(provider)
        yield provider


def text_of(client: Client, path: str, form: dict[str, str] | None = None) -> str:
    answer = client.get(path) if form is None else client.post(path, form, follow=True)
    assert answer.status_code == 200, answer
    return unescape(answer.content.decode())


def is_chosen(workspace: Workspace, author: str = "mary@company-name.com") -> bool:
    company = company_of(Workspace.objects.get(pk=workspace.pk), None)
    return route.decide(parse_mailbox(author), company=company).server is not None


def test_step_by_step_to_a_server_that_mail_takes(owner: Client, workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    assert "Brevo" in text_of(owner, START)
    page = text_of(owner, f"{START}/new/brevo", LOGIN)
    assert "Test now" in page, "led on to the test"
    server = OutgoingServer.objects.get()
    page = text_of(owner, f"{START}/{server.pk}/test", {"recipient": "joe@example.com"})
    assert "Waits for a worker to begin" in page
    assert not is_chosen(workspace)
    page = text_of(owner, f"{START}/{server.pk}/filter")
    assert "company-name.com" in page
    assert "highly recommended" in page
    assert "leaves under the notification address" in page
    page = text_of(owner, f"{START}/{server.pk}/filter", {"from_filter": "company-name.com", "priority": "1"})
    page = text_of(owner, f"{START}/{server.pk}/records")
    assert "those of this installation have no effect" in page
    assert "Authentication records" in page
    assert "bounce@company-name.com" in page
    assert not is_chosen(workspace)
    page = text_of(owner, f"{START}/{server.pk}/finish", {})
    assert "takes part: mail of its senders leaves through it" in page
    assert is_chosen(workspace)
    server.refresh_from_db()
    assert (server.name, server.password, server.priority) == ("Brevo", "secret", 1)
    assert Change.objects.filter(kind="outgoing server").count() == 3


def test_what_was_begun_is_gone_on_with_another_day(owner: Client, workspace: Workspace) -> None:
    text_of(owner, f"{START}/new/mailjet", LOGIN)
    server = OutgoingServer.objects.get()
    assert "Mailjet" in text_of(owner, START)
    assert "is being set up; no mail takes it yet" in text_of(owner, "/settings/servers")
    connection_tests.ask_for(server, recipient="joe@example.com", by="tests")
    server.connection_tests.update(finished_at="2026-11-01T00:00:00Z")
    assert owner.get(f"{START}/{server.pk}")["Location"].endswith("/filter"), "the first step that is not done"
    page = text_of(owner, f"{START}/{server.pk}/credentials")
    assert "secret" not in page
    text_of(owner, f"{START}/{server.pk}/credentials", {**LOGIN, "username": "ann", "password": ""})
    server.refresh_from_db()
    assert (server.username, server.password) == ("ann", "secret")


def test_a_mailbox_at_google_is_connected_on_the_way(owner: Client, workspace: Workspace, provider: Provider) -> None:
    page = text_of(owner, f"{START}/new/gmail", {"username": "mary@gmail.example"})
    assert "Not connected yet" in page
    server = OutgoingServer.objects.get()
    page = owner.post(f"/settings/servers/{server.pk}/connect").content.decode()
    found = re.search(r'content="0; url=([^"]+)"', page)
    assert found
    back = provider.agree(unescape(found[1])).partition("/oauth/")[2]
    answer = owner.get(f"/oauth/{back}", follow=True)
    assert "Test now" in answer.content.decode(), "the mailbox is the filter by itself; the test comes next"


def test_the_test_asks_as_whom_the_server_will_be_used(owner: Client, workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    text_of(owner, f"{START}/new/generic", {**LOGIN, "host": "smtp.example.com"})
    endpoint, identities = connection_tests.prepare(OutgoingServer.objects.get())
    assert endpoint.host == "smtp.example.com"
    assert {"bounce@company-name.com", "notifications@company-name.com"} <= {found.address for found in identities}


def test_every_provider_has_its_way(owner: Client, workspace: Workspace) -> None:
    for preset in presets():
        page = text_of(owner, f"{START}/new/{preset.id}")
        assert "Go on" in page
        assert preset.name in page


def test_what_is_wrong_is_said_at_the_field(owner: Client, workspace: Workspace) -> None:
    assert "Enter the SMTP server" in text_of(owner, f"{START}/new/generic", {**LOGIN, "host": ""})
    text_of(owner, f"{START}/new/generic", LOGIN)
    server = OutgoingServer.objects.get()
    page = text_of(owner, f"{START}/{server.pk}/filter", {"from_filter": "two words", "priority": "1"})
    assert "is neither a domain nor a complete address" in page
    assert owner.get(f"{START}/{server.pk}/nonsense").status_code == 404
    assert owner.get(f"{START}/{server.pk}/connect").status_code == 404, "it logs in with a password"
    assert owner.get(f"{START}/new/nonsense").status_code == 404


def test_nobody_else_goes_on_with_it_and_a_finished_one_is_no_draft(
    owner: Client, member: Client, outsider: Client, workspace: Workspace
) -> None:
    text_of(owner, f"{START}/new/generic", LOGIN)
    server = OutgoingServer.objects.get()
    for path in (f"{START}/{server.pk}/credentials", f"{START}/{server.pk}/finish"):
        assert member.post(path, LOGIN).status_code == 403
        assert outsider.post(path, LOGIN).status_code in {403, 404}
    assert member.get(START).status_code == 403
    assert not is_chosen(workspace)
    owner.post(f"{START}/{server.pk}/finish")
    assert owner.get(f"{START}/{server.pk}/credentials").status_code == 404
