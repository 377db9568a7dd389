"""Are outgoing servers seen, made, ordered and taken out of use as people mean it?"""

import re

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain, DomainCheck
from postroom.mailings.models import Template
from postroom.outbound import queue
from postroom.outbound.models import Attempt, Outlet
from postroom.servers.models import ConnectionTest, DedicatedServer, OutgoingServer
from postroom.servers.selection import in_order
from postroom.workspaces.models import Change, Workspace
from tests.web.samples import store_message

FIELDS = {
    "name": "Gmail", "priority": "1", "from_filter": "company-name.com", "host": "smtp.gmail.com", "port": "587",
    "encryption": "starttls", "verifies_certificate": "on", "authentication": "login", "username": "mary",
    "password": "secret", "max_connections": "3", "max_messages_per_connection": "100", "signed_by": "both",
}  # fmt: skip


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    return workspace


def add(workspace: Workspace, name: str, from_filter: str = "company-name.com", **fields: object) -> OutgoingServer:
    return OutgoingServer.objects.create(
        workspace=workspace, name=name, host="mx.example.com", from_filter=from_filter, **fields
    )


def shown(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_without_a_server_the_page_says_where_mail_goes(owner: Client) -> None:
    text = shown(owner, "/settings/servers")
    assert "Mail leaves through the default server" in text
    assert "Add a server" in text


def test_a_server_is_made_and_its_password_never_shown(owner: Client, workspace: Workspace) -> None:
    answer = owner.post("/settings/servers/new", FIELDS)
    server = OutgoingServer.objects.get()
    assert answer["Location"] == f"/settings/servers/{server.pk}"
    assert (server.password, server.max_connections) == ("secret", 3)
    assert "secret" not in owner.get(answer["Location"]).content.decode()
    change = Change.objects.get()
    assert change.after is not None
    assert (change.kind, change.name, change.after["password"]) == ("outgoing server", "Gmail", "•••")


def test_an_empty_password_keeps_the_stored_one(owner: Client, workspace: Workspace) -> None:
    server = add(workspace, "Gmail", username="mary", password="secret")
    owner.post(f"/settings/servers/{server.pk}", FIELDS | {"password": "", "username": "mary2"})
    server.refresh_from_db()
    assert (server.password, server.username) == ("secret", "mary2")


def test_a_password_of_another_installation_is_asked_for_again(owner: Client, workspace: Workspace) -> None:
    server = add(workspace, "Gmail", username="mary", password="secret")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE servers_outgoingserver SET password = 'v1:broken'")
    assert "One is stored" not in shown(owner, f"/settings/servers/{server.pk}")
    owner.post(f"/settings/servers/{server.pk}", FIELDS | {"password": "new"})
    assert OutgoingServer.objects.get().password == "new"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"host": "smtp gmail"}, "is not a host name"),
        ({"from_filter": "company-name.com, Brevo"}, "“Brevo” is neither a domain nor a complete address"),
        ({"max_messages_per_day": "0"}, "write at least 1"),
        ({"port": "70000"}, "The port is a number from 1 to 65535"),
        ({"authentication": "certificate"}, "needs the certificate and its key"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    owner: Client, workspace: Workspace, fields: dict[str, str], words: str
) -> None:
    answer = owner.post("/settings/servers/new", FIELDS | fields)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not OutgoingServer.objects.exists()


def test_a_preset_fills_in_what_is_known_of_the_provider(owner: Client) -> None:
    page = owner.get("/settings/servers/new?preset=mailgun").content.decode()
    assert 'value="smtp.mailgun.org"' in page
    assert "The provider's documentation" in page
    assert owner.get("/settings/servers/new?preset=nonsense").status_code == 200


def test_a_filter_that_is_typed_is_checked_with_those_of_others(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", priority=1)
    text = shown(owner, "/settings/servers/filter?from_filter=company-name.com, Brevo&priority=5&name=Brevo")
    assert "“Brevo” is neither a domain nor a complete address" in text
    assert "every address of the domain" in text
    assert "“company-name.com” is in the FROM filter of Gmail too, which comes first" in text
    assert "leaves under the notification address" in shown(owner, "/settings/servers/filter?priority=x&server=99")


def test_servers_that_get_no_mail_say_why(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", priority=1)
    behind = add(workspace, "Brevo")
    elsewhere = add(workspace, "Elsewhere", "elsewhere.example")
    text = shown(owner, "/settings/servers")
    assert text.count("Never chosen for any of your senders.") == 1
    assert "“company-name.com” is in the FROM filter of Gmail too" in shown(owner, f"/settings/servers/{behind.pk}")
    assert "notifications@elsewhere.example" in shown(owner, f"/settings/servers/{elsewhere.pk}")


def names(workspace: Workspace) -> list[str]:
    return [server.name for server in in_order(workspace)]


def test_servers_move_by_a_button_and_by_their_numbers(owner: Client, workspace: Workspace) -> None:
    gmail, brevo = add(workspace, "Gmail", priority=1), add(workspace, "Brevo", priority=2)
    owner.post("/settings/servers/order", {"down": gmail.pk})
    assert names(workspace) == ["Brevo", "Gmail"]
    owner.post("/settings/servers/order", {f"priority-{brevo.pk}": "20", f"priority-{gmail.pk}": "x"})
    assert names(workspace) == ["Gmail", "Brevo"]
    owner.post("/settings/servers/order", {"up": "999"})
    assert names(workspace) == ["Gmail", "Brevo"]
    assert Change.objects.filter(name="Brevo").count() == 2


def test_a_server_in_use_is_not_archived_but_names_its_users(owner: Client, workspace: Workspace) -> None:
    server = add(workspace, "Mailgun")
    DedicatedServer.objects.create(workspace=workspace, server=server)
    path = f"/settings/servers/{server.pk}/archive"
    template = Template.objects.create(workspace=workspace, name="Invoice", server=server)
    page = owner.get(path).content.decode()
    assert '<a href="/settings/general">Settings → Email Marketing → Dedicated Server</a>' in page
    assert f'<a href="/settings/templates/{template.pk}">the template “Invoice”</a>' in page
    owner.post(path, {"typed": "Mailgun"})
    server.refresh_from_db()
    assert server.is_active


def test_a_server_is_archived_by_its_name_and_restored(owner: Client, workspace: Workspace) -> None:
    server = add(workspace, "Mailgun")
    path = f"/settings/servers/{server.pk}/archive"
    waiting = {"lane_id": queue.lane_of(server.pk, "transactional"), "status": "queued"}
    store_message(workspace).deliveries.update(**waiting)
    assert "1 delivery waits for it now." in shown(owner, path)
    assert owner.post(path, {"typed": "mail"}).status_code == 200
    assert owner.post(path, {"typed": "Mailgun"})["Location"] == "/settings/servers"
    assert "Archived since" in shown(owner, "/settings/servers")
    assert owner.post(f"/settings/servers/{server.pk}", FIELDS).status_code == 403
    owner.post(f"/settings/servers/{server.pk}/restore")
    server.refresh_from_db()
    assert server.is_active
    assert Change.objects.filter(kind="outgoing server").count() == 2


def test_the_queue_tells_the_fault_and_the_lesson(owner: Client, workspace: Workspace) -> None:
    server = add(workspace, "Gmail", max_messages_per_day=500)
    path = f"/settings/servers/{server.pk}/queue"
    assert "No mail has taken this server yet." in shown(owner, path)
    queue.lane_of(server.pk, "transactional")
    Outlet.objects.filter(server=server).update(
        closed_until="2999-01-01T00:00Z", fault="The server refused the login.", learned_per_minute=5,
        learned_at="2999-01-01T00:00Z", lesson="450 too fast",
    )  # fmt: skip
    text = shown(owner, path)
    assert "of 500" in text
    assert "The server refused the login." in text
    assert "450 too fast" in text
    assert "The server refused the login." in shown(owner, "/settings/servers")


def test_dialogs_are_shown_while_debugging_is_on(owner: Client, workspace: Workspace) -> None:
    server = add(workspace, "Gmail")
    delivery = store_message(workspace, {"joe@example.com": "sent"}).deliveries.get()
    delivery.lane_id = queue.lane_of(server.pk, "transactional")
    delivery.save()
    Attempt.objects.create(delivery=delivery, server_name="Gmail", outcome="sent", dialog="C: MAIL FROM:<x@y>")
    path = f"/settings/servers/{server.pk}/queue"
    assert "MAIL FROM" not in shown(owner, path)
    OutgoingServer.objects.update(logs_dialog=True)
    assert "C: MAIL FROM:&lt;x@y&gt;" in shown(owner, path)


def test_who_may_not_change_settings_sees_but_does_not_touch(member: Client, workspace: Workspace) -> None:
    server = add(workspace, "Gmail")
    for path in ("/settings/servers", "/settings/servers/new", f"/settings/servers/{server.pk}"):
        assert member.get(path).status_code == 403


def test_another_workspaces_server_is_not_there(outsider: Client, workspace: Workspace) -> None:
    server = add(workspace, "Gmail")
    outsider_owner = Workspace.objects.get(slug="other-name").memberships.get()
    outsider_owner.role = "owner"
    outsider_owner.save()
    for rest in ("", "/queue", "/test", "/archive"):
        assert outsider.get(f"/settings/servers/{server.pk}{rest}").status_code == 404
    assert outsider.post(f"/settings/servers/{server.pk}/restore").status_code == 404


def test_a_test_is_asked_for_and_shown_as_it_goes(owner: Client, workspace: Workspace) -> None:
    server = add(workspace, "Gmail")
    path = f"/settings/servers/{server.pk}/test"
    assert "This server was not tested yet." in shown(owner, path)
    assert owner.post(path, {"recipient": "nobody"}).status_code == 200
    assert owner.post(path, {"recipient": "joe@example.com"})["Location"] == path
    page = owner.get(path).content.decode()
    assert "Waits for a worker to begin." in page
    assert 'hx-trigger="every 1s"' in page
    begun = [{"step": "resolve", "result": "ok", "words": "", "cause": ""}]
    trial = {
        "address": "bounce@company-name.com",
        "uses": ["bounce"],
        "findings": begun,
        "dialog": [],
        "is_over": False,
    }
    ConnectionTest.objects.update(started_at=timezone.now(), trials=[trial], security="none")
    text = shown(owner, path)
    assert "The test is running." in text
    assert (text.count("passed"), text.count("not tried")) == (1, 7)
    findings = [
        {"step": "resolve", "result": "ok", "words": "", "cause": ""},
        {"step": "connect", "result": "ok", "words": "", "cause": ""},
        {"step": "greeting", "result": "ok", "words": "", "cause": ""},
        {"step": "tls", "result": "unused", "words": "", "cause": ""},
        {"step": "login", "result": "ok", "words": "", "cause": ""},
        {"step": "mail", "result": "fault", "words": "553 5.7.1 not owned by <mary>", "cause": "sender-refused"},
    ]
    trial = {
        "address": "bounce@company-name.com", "uses": ["bounce"], "findings": findings, "dialog": ["C: EHLO x"],
        "is_over": True,
    }  # fmt: skip
    ConnectionTest.objects.update(
        started_at="2020-01-01T00:00Z", finished_at="2020-01-01T00:00Z", trials=[trial], security="none"
    )
    text = shown(owner, path)
    assert "MAIL FROM failed for bounce@company-name.com." in text
    assert "Gmail refuses the sender: allow bounce@company-name.com at your provider" in text
    assert "553 5.7.1 not owned by &lt;mary&gt;" in text
    assert "not used" in text
    assert "every 1s" not in owner.get(path).content.decode()


def checked(
    domain: AliasDomain, server: str, *, dmarc: str, words: str, verdict: str = "ok", is_captured: bool = False
) -> None:
    told = {
        "server": server, "from_domain": domain.name, "dmarc": dmarc, "words": words, "is_captured": is_captured,
    }  # fmt: skip
    report = {"findings": [{"verdict": verdict}], "servers": [told]}
    DomainCheck.objects.create(alias_domain=domain, verdict=verdict, report=report, routing_version=1)


def test_a_fault_in_dns_is_shown_beside_the_server_and_before_a_mailing(owner: Client, workspace: Workspace) -> None:
    domain = workspace.alias_domains.get()
    server, other = add(workspace, "Gmail"), add(workspace, "Brevo", "elsewhere.example")
    template = Template.objects.create(workspace=workspace, name="News", header_from="news@company-name.com")
    pages = ("/settings/servers", f"/settings/servers/{server.pk}", f"/settings/templates/{template.pk}")
    company = workspace.companies.get().pk
    simulated = f"/settings/route?author=news@company-name.com&stream=mass&company={company}"
    checked(domain, "Gmail", dmarc="pass", words="DMARC passes.")
    assert "DNS" not in shown(owner, pages[0])
    assert all("DMARC passes." in shown(owner, page) for page in (*pages[1:], simulated))
    checked(domain, "Gmail", dmarc="pass", words="DMARC passes.", verdict="missing")
    assert "1 DNS record of company-name.com must change." in shown(owner, pages[0])
    checked(domain, "Gmail", dmarc="fail", words="Receivers refuse it.", verdict="wrong")
    assert shown(owner, pages[0]).count("In the name of company-name.com its mail fails DMARC.") == 1
    assert all("Receivers refuse it." in shown(owner, page) for page in (*pages[1:], simulated))
    assert "Receivers refuse it." not in shown(owner, f"/settings/servers/{other.pk}")


def test_mail_that_ends_in_the_capture_server_has_no_fault_in_dns(owner: Client, workspace: Workspace) -> None:
    server = add(workspace, "Gmail")
    domain = workspace.alias_domains.get()
    checked(domain, "Gmail", dmarc="fail", words="No receiver sees it.", verdict="wrong", is_captured=True)
    assert "DMARC" not in shown(owner, "/settings/servers")
    assert "No receiver sees it." in shown(owner, f"/settings/servers/{server.pk}")


def test_a_fault_in_dns_is_shown_where_mail_leaves_through_the_default_server(
    owner: Client, workspace: Workspace
) -> None:
    checked(workspace.alias_domains.get(), "default server", dmarc="fail", words="Refused.")
    assert "its mail fails DMARC" in shown(owner, "/settings/servers")
