"""Are companies made, renamed and given an alias domain, each in its own workspace?"""

from django.test import Client

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain, CompanyAliasDomain
from postroom.workspaces.models import Change, Company, Workspace


def test_a_new_company_sends_under_the_domain_with_the_lowest_priority(owner: Client, workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com", priority=5))
    save_alias_domain(AliasDomain(workspace=workspace, name="later.com", priority=9))
    assert owner.post("/settings/companies/new", {"name": "Second Company"})["Location"] == "/settings/companies"
    second = Company.objects.get(name="Second Company")
    assert CompanyAliasDomain.objects.get(company=second).alias_domain.name == "company-name.com"
    assert Change.objects.filter(kind="company", name="Second Company").exists()


def test_a_name_is_had_once(owner: Client, workspace: Workspace) -> None:
    text = owner.post("/settings/companies/new", {"name": "my company"}).content.decode()
    assert "There is a company “my company” already" in text
    second = Company.objects.create(workspace=workspace, name="Second")
    assert owner.post(f"/settings/companies/{second.pk}", {"name": "MY COMPANY"}).status_code == 200
    assert sorted(Company.objects.values_list("name", flat=True)) == ["My Company", "Second"]


def test_a_company_changes_its_name_and_its_domain(owner: Client, workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    second = save_alias_domain(AliasDomain(workspace=workspace, name="second-company.com"))
    company = workspace.companies.get()
    page = f"/settings/companies/{company.pk}"
    owner.post(page, {"name": "Big Company", "alias_domain": second.pk})
    assert CompanyAliasDomain.objects.get(company=company).alias_domain == second
    assert "second-company.com" in owner.get("/settings/companies").content.decode()
    owner.post(page, {"name": "Big Company", "alias_domain": ""})
    assert not CompanyAliasDomain.objects.exists()
    assert Company.objects.get().name == "Big Company"


def test_the_domain_of_another_workspace_cannot_be_chosen(outsider: Client, workspace: Workspace) -> None:
    foreign = save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    assert outsider.get(f"/settings/companies/{workspace.companies.get().pk}").status_code in {403, 404}
    assert outsider.get(f"/settings/alias-domains/{foreign.pk}").status_code in {403, 404}


def test_another_workspace_learns_nothing_of_a_company(workspace: Workspace, outsider: Client) -> None:
    assert workspace.companies.get().name not in outsider.get("/settings/companies").content.decode()
