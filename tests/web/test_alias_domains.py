"""Do the pages of alias domains say which addresses come of them, who holds one, and what a change would do?"""

from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.aliases import save_alias
from postroom.domains.models import Alias, AliasDomain, CompanyAliasDomain, RetiredAddress
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Change, Company, Workspace
from tests.web.samples import store_message

LIST = "/settings/alias-domains"
FIELDS = {
    "name": "company-name.com", "priority": "10", "bounce": "bounce", "catchall": "catchall",
    "default_from": "notifications",
}  # fmt: skip


@pytest.fixture
def domain(workspace: Workspace) -> AliasDomain:
    return save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))


def page_of(domain: AliasDomain) -> str:
    return f"{LIST}/{domain.pk}"


def test_without_a_domain_the_page_says_where_mail_comes_from(owner: Client, workspace: Workspace) -> None:
    assert f"Mail is sent under {workspace.subdomain}" in owner.get(LIST).content.decode()


def test_a_domain_is_made_and_given_to_every_company(owner: Client, workspace: Workspace) -> None:
    answer = owner.post(f"{LIST}/new", FIELDS)
    domain = AliasDomain.objects.get()
    assert answer["Location"] == f"{page_of(domain)}/records"
    assert CompanyAliasDomain.objects.get().alias_domain == domain
    assert Change.objects.filter(kind="alias domain", name="company-name.com").exists()
    assert "company-name.com" in owner.get(LIST).content.decode()


def test_more_companies_are_given_the_domain_and_taken_from_it(
    owner: Client, workspace: Workspace, domain: AliasDomain
) -> None:
    second = Company.objects.create(workspace=workspace, name="Second Company")
    owner.post(page_of(domain), FIELDS | {"companies": [second.pk]})
    assert [choice.company for choice in CompanyAliasDomain.objects.all()] == [second]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "no domain"}, "« no domain » n'est pas un domaine"),
        ({"name": "192.0.2.1"}, "« 192.0.2.1 » est une adresse IP ; indiquez un domaine"),
        ({"bounce": "@"}, "« @ » ne peut pas être la partie avant le @"),
        ({"bounce": "b" * 65}, "dépasse 64 caractères"),
        ({"bounce": "info", "catchall": "info"}, "est déjà l'adresse bounce du domaine d'alias"),
        ({"default_from": "a@b c"}, "n'a pas de domaine valable après un « @ »"),
    ],
)
def test_a_french_reader_reads_in_french_why_a_name_is_refused(
    owner: Client, typed: dict[str, str], words: str
) -> None:
    answer = owner.post(f"{LIST}/new", FIELDS | typed, headers={"accept-language": "fr"})
    assert words in unescape(answer.content.decode())
    assert not AliasDomain.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"bounce": "Échéances"}, "echeances@company-name.com"),
        ({"default_from": "Office@Other.example.com"}, "Office@other.example.com"),
        ({"bounce": "@"}, "cannot be the part before the @"),
        ({"name": "not a domain"}, "not a domain"),
    ],
)
def test_the_addresses_are_shown_while_one_types(owner: Client, typed: dict[str, str], words: str) -> None:
    assert words in owner.get(f"{LIST}/addresses", FIELDS | typed).content.decode()


def test_who_holds_an_address_is_named_while_one_types_and_when_one_saves(
    owner: Client, workspace: Workspace, domain: AliasDomain
) -> None:
    save_alias(Alias(workspace=workspace, local_part="sales", alias_domain=domain))
    words = "sales@company-name.com is already the alias “sales”"
    typed = FIELDS | {"catchall": "sales"}
    assert words in owner.get(f"{LIST}/addresses", typed | {"domain": str(domain.pk)}).content.decode()
    assert words in owner.post(page_of(domain), typed | {"confirmed": "yes"}).content.decode()
    assert AliasDomain.objects.get().catchall == "catchall"


def test_ones_own_addresses_are_nobody_elses(owner: Client, domain: AliasDomain) -> None:
    assert "already" not in owner.get(f"{LIST}/addresses", FIELDS | {"domain": str(domain.pk)}).content.decode()


def test_another_workspaces_holder_is_not_named(owner: Client, domain: AliasDomain, workspace: Workspace) -> None:
    other = create_workspace("third-name", company="Third")
    save_alias_domain(AliasDomain(workspace=other, name="third.com", bounce="secret-name"))
    text = owner.get(f"{LIST}/addresses", {"name": "third.com", "bounce": "secret-name"}).content.decode()
    assert "is used by another workspace" in text
    assert "Third" not in text


def test_giving_addresses_up_is_asked_about_first(owner: Client, domain: AliasDomain) -> None:
    store_message(domain.workspace, {"customer@example.com": "queued"})
    text = owner.post(page_of(domain), FIELDS | {"bounce": "errors"}).content.decode()
    assert "bounce@company-name.com is used by 0 open conversations and 1 unsent message." in text
    assert "Addresses that others write to would change" in text
    assert AliasDomain.objects.get().bounce == "bounce"
    owner.post(page_of(domain), FIELDS | {"bounce": "errors", "confirmed": "yes"})
    assert AliasDomain.objects.get().bounce == "errors"
    assert RetiredAddress.objects.get().address == "bounce@company-name.com"


def test_retired_addresses_are_shown_with_the_mail_that_still_comes(owner: Client, domain: AliasDomain) -> None:
    domain.bounce = "errors"
    save_alias_domain(domain)
    RetiredAddress.objects.update(hits=7, last_hit_at=timezone.now())
    text = owner.get(page_of(domain)).content.decode()
    assert "bounce@company-name.com" in text
    assert ">7<" in text


def test_a_priority_changes_without_a_question(owner: Client, domain: AliasDomain) -> None:
    assert owner.post(page_of(domain), FIELDS | {"priority": "3"}).status_code == 302
    assert AliasDomain.objects.get().priority == 3


def test_a_domain_goes_once_its_name_is_typed(owner: Client, workspace: Workspace, domain: AliasDomain) -> None:
    assert workspace.subdomain in owner.get(f"{page_of(domain)}/remove").content.decode()
    owner.post(f"{page_of(domain)}/remove", {"typed": "wrong"})
    assert AliasDomain.objects.exists()
    typed = {"typed": "company-name.com"}
    assert "no open conversation" in owner.post(f"{page_of(domain)}/remove", typed).content.decode()
    owner.post(f"{page_of(domain)}/remove", typed | {"confirmed": "yes"})
    assert not AliasDomain.objects.exists()
    assert Change.objects.get(kind="alias domain").after is None


def test_the_domain_of_others_is_not_found(owner: Client) -> None:
    other = create_workspace("third-name", company="Third")
    domain = save_alias_domain(AliasDomain(workspace=other, name="third.com"))
    for path in ("", "/remove", "/records", "/letter"):
        assert owner.get(page_of(domain) + path).status_code == 404
    assert "third.com" not in owner.get(f"{LIST}/addresses", {"domain": str(domain.pk)}).content.decode()
