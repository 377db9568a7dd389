"""Do the general settings say what holds, and store what a person chooses?"""

import pytest
from django.test import Client

from postroom.domains.models import AliasDomain, CompanyAliasDomain
from postroom.policy.permission import Role
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.models import Change, Company, Workspace
from tests.web.samples import make_member

PAGE = "/settings/general"
FIELDS = {
    "name": "My Company", "alias_domain": "", "dedicated_server": "", "routing_policy": "documented",
    "resends_unknown": "True", "resends_unknown_mass": "False", "grace_seconds": "0", "lifetime_hours": "120",
    "mass_lifetime_hours": "48", "body_days": "30", "history_days": "180", "bounces_to_author": "on",
    "follows_opens": "none",
}  # fmt: skip


@pytest.fixture
def server(workspace: Workspace) -> OutgoingServer:
    return OutgoingServer.objects.create(workspace=workspace, name="Mailjet", host="mx.example.com")


def test_leads_to_the_outgoing_servers_and_asks_for_the_companys_alias_domain(owner: Client) -> None:
    text = owner.get(PAGE).content.decode()
    for words in ("Discuss", "Use Custom Email Servers", "Outgoing Email Servers", "Alias Domain", "My Company"):
        assert words in text


def test_a_custom_domain_becomes_the_alias_domain_of_every_company(owner: Client, workspace: Workspace) -> None:
    Company.objects.create(workspace=workspace, name="Second Company")
    assert owner.post(PAGE, FIELDS | {"alias_domain": "Company-Name.com"}).status_code == 302
    domain = AliasDomain.objects.get()
    assert domain.name == "company-name.com"
    assert CompanyAliasDomain.objects.filter(alias_domain=domain).count() == 2
    assert f"/settings/alias-domains/{domain.pk}" in owner.get(PAGE).content.decode()
    assert {change.kind for change in Change.objects.all()} >= {"alias domain"}


def test_each_company_gets_its_own_domain(owner: Client, workspace: Workspace) -> None:
    second = Company.objects.create(workspace=workspace, name="Second Company")
    owner.post(PAGE, FIELDS | {"alias_domain": "company-name.com"})
    owner.get(PAGE, {"company": second.pk})
    owner.post(PAGE, FIELDS | {"alias_domain": "second-company.com", "company": str(second.pk)})
    chosen = CompanyAliasDomain.objects.values_list("company__name", "alias_domain__name").order_by("company")
    assert list(chosen) == [("My Company", "company-name.com"), ("Second Company", "second-company.com")]
    assert "second-company.com" in owner.get(PAGE).content.decode()


def test_an_empty_domain_returns_the_company_to_the_sub_domain(owner: Client) -> None:
    owner.post(PAGE, FIELDS | {"alias_domain": "company-name.com"})
    owner.post(PAGE, FIELDS)
    assert not CompanyAliasDomain.objects.exists()
    assert AliasDomain.objects.count() == 1


@pytest.mark.parametrize("name", ["not a domain", "example", f"{'x' * 64}.com"])
def test_says_what_is_wrong_with_a_domain_and_stores_nothing(owner: Client, workspace: Workspace, name: str) -> None:
    answer = owner.post(PAGE, FIELDS | {"alias_domain": name, "name": "Other"})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    workspace.refresh_from_db()
    assert workspace.name == "My Company"
    assert not AliasDomain.objects.exists()


def test_mass_mail_gets_a_server_of_its_own(owner: Client, workspace: Workspace, server: OutgoingServer) -> None:
    wanted = FIELDS | {"uses_custom_servers": "on", "has_dedicated_server": "on"}
    assert "Choose the server" in owner.post(PAGE, wanted).content.decode()
    owner.post(PAGE, wanted | {"dedicated_server": str(server.pk)})
    assert DedicatedServer.objects.get().server == server
    owner.post(PAGE, FIELDS | {"uses_custom_servers": "on"})
    assert not DedicatedServer.objects.exists()
    assert [change.kind for change in Change.objects.order_by("pk")].count("dedicated server") == 2


def test_custom_servers_cannot_be_switched_off_while_mail_takes_them(owner: Client, server: OutgoingServer) -> None:
    assert "Archive them first" in owner.post(PAGE, FIELDS).content.decode()


def test_policies_are_stored_and_noted(owner: Client, workspace: Workspace) -> None:
    changed = {"grace_seconds": "30", "resends_unknown_mass": "True", "routing_policy": "prefer-notification-server"}
    changed["follows_opens"] = "mass"
    owner.post(PAGE, FIELDS | changed)
    workspace.refresh_from_db()
    assert (workspace.grace_seconds, workspace.resends_unknown_mass) == (30, True)
    assert workspace.routing_policy == "prefer-notification-server"
    note = Change.objects.get(kind="workspace")
    assert note.before == {
        "grace_seconds": 0, "resends_unknown_mass": False, "routing_policy": "documented", "follows_opens": "none"
    }  # fmt: skip


@pytest.mark.parametrize("field", ["lifetime_hours", "body_days"])
def test_numbers_out_of_range_are_refused(owner: Client, field: str) -> None:
    assert owner.post(PAGE, FIELDS | {field: "0"}).context["form"].errors.keys() == {field}
    assert owner.post(PAGE, FIELDS | {field: "99999"}).context["form"].errors.keys() == {field}


def test_a_manager_sees_the_settings_and_changes_none(workspace: Workspace) -> None:
    browser = Client()
    browser.force_login(make_member(workspace, "max@company-name.com", role=Role.MANAGER))
    assert b"disabled" in browser.get(PAGE).content
    assert browser.post(PAGE, FIELDS).status_code == 403


def test_a_company_of_others_cannot_be_chosen(outsider: Client, workspace: Workspace) -> None:
    text = outsider.get("/", {"company": workspace.companies.get().pk}).content.decode()
    assert "company" not in outsider.session
    assert workspace.slug not in text
