"""Who holds which address, and which company speaks under which domain (requirements B1 to B4)?"""

import threading
from dataclasses import replace

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from postroom.domains.alias_domains import (
    CompanyExistsError,
    DomainTakenError,
    PlatformDomainError,
    assign,
    create_company,
    save_alias_domain,
)
from postroom.domains.aliases import save_alias
from postroom.domains.claims import AddressTakenError
from postroom.domains.local_part import LocalPartError
from postroom.domains.models import Alias, AliasDomain, ClaimedAddress
from postroom.domains.senders import alias_domain_of
from postroom.errors import AddressError
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Company, Workspace
from tests.peers.waiting import PATIENCE_SECONDS, wait_until


@pytest.fixture
def workspace(db: None) -> Workspace:
    return create_workspace("company-name", company="My Company")


def add_domain(workspace: Workspace, name: str = "company-name.com", **fields: object) -> AliasDomain:
    return save_alias_domain(AliasDomain(workspace=workspace, name=name, **fields))


def add_alias(workspace: Workspace, local_part: str, domain: AliasDomain | None = None) -> Alias:
    return save_alias(Alias(workspace=workspace, local_part=local_part, alias_domain=domain))


def claims() -> set[str]:
    return set(ClaimedAddress.objects.values_list("address", flat=True))


def domain_name(company: str) -> str:
    return alias_domain_of(Company.objects.select_related("workspace").get(name=company)).name


# --- names ---------------------------------------------------------------------------------------------------------


def test_a_domain_starts_with_the_usual_aliases(workspace: Workspace) -> None:
    domain = add_domain(workspace)
    assert (domain.bounce, domain.catchall, domain.default_from) == ("bounce", "catchall", "notifications")


def test_names_are_made_clean_before_they_are_stored(workspace: Workspace) -> None:
    domain = add_domain(workspace, "MÜNCHEN.Example", bounce="Été Bounce", catchall="Straße", default_from=" Über ")
    domain.refresh_from_db()
    assert domain.name == "xn--mnchen-3ya.example"
    assert (domain.bounce, domain.catchall, domain.default_from) == ("ete-bounce", "strasse", "uber")
    assert claims() == {"ete-bounce@xn--mnchen-3ya.example", "strasse@xn--mnchen-3ya.example"}


def test_a_complete_default_from_address_is_kept_complete(workspace: Workspace) -> None:
    assert add_domain(workspace, default_from="Office@Other.Example").default_from == "Office@other.example"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"bounce": "Продажи"}, LocalPartError),
        ({"catchall": "…"}, LocalPartError),
        ({"bounce": "b" * 65}, LocalPartError),
        ({"default_from": "two@signs@example.com"}, AddressError),
        ({"default_from": ""}, LocalPartError),
        ({"name": "no domain"}, AddressError),
        ({"name": "192.0.2.1"}, AddressError),
        ({"name": "[192.0.2.1]"}, AddressError),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_and_nothing_stored(
    workspace: Workspace, fields: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        save_alias_domain(AliasDomain(workspace=workspace, **{"name": "company-name.com", **fields}))
    assert not AliasDomain.objects.exists()
    assert claims() == set()


def test_a_workspaces_sub_domain_cannot_be_taken_by_anyone(workspace: Workspace) -> None:
    other = create_workspace("other", company="Other Company")
    for owner in (workspace, other):
        for name in ("company-name.example", "Company-Name.EXAMPLE", "example"):
            with pytest.raises(PlatformDomainError):
                add_domain(owner, name)
    assert add_domain(workspace, "mail.company-name.example").pk


def test_on_a_hosted_platform_nobody_takes_the_name_of_who_will_sign_up(
    workspace: Workspace, settings: Settings
) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True)
    for name in ("newcomer.example", "mail.company-name.example", "MAIL.newcomer.example."):
        with pytest.raises(PlatformDomainError):
            add_domain(workspace, name)
    assert add_domain(workspace, "newcomer.com").pk


# --- uniqueness ----------------------------------------------------------------------------------------------------


def test_an_alias_cannot_be_what_an_alias_domain_uses_and_is_told_so(workspace: Workspace) -> None:
    domain = add_domain(workspace)
    for use in ("bounce", "catchall"):
        with pytest.raises(AddressTakenError) as refusal:
            add_alias(workspace, use.upper(), domain)
        assert refusal.value.message.startswith(
            f"{use}@company-name.com is already the {use} address of the alias domain company-name.com"
        )
    assert not Alias.objects.exists()


def test_an_alias_domain_cannot_use_what_an_alias_is(workspace: Workspace) -> None:
    domain = add_domain(workspace)
    add_alias(workspace, "info", domain)
    domain.bounce = "Info"
    with pytest.raises(AddressTakenError, match=r"info@company-name\.com is already the alias “info”"):
        save_alias_domain(domain)
    domain.refresh_from_db()
    assert domain.bounce == "bounce"
    assert claims() == {f"{name}@company-name.com" for name in ("bounce", "catchall", "info")}


def test_bounce_and_catchall_of_one_domain_differ(workspace: Workspace) -> None:
    with pytest.raises(AddressTakenError, match="already the bounce address"):
        add_domain(workspace, bounce="mail", catchall="mail")


def test_a_domain_belongs_to_one_workspace_which_is_not_named(workspace: Workspace) -> None:
    add_domain(workspace)
    other = create_workspace("other", company="Other Company")
    with pytest.raises(DomainTakenError) as refusal:
        add_domain(other, bounce="returns", catchall="all")
    assert refusal.value.message == "company-name.com belongs to another workspace of this installation."
    assert refusal.value.field == "name"


def test_the_same_local_part_is_free_in_another_domain(workspace: Workspace) -> None:
    first, second = add_domain(workspace), add_domain(workspace, "second-company.com")
    add_alias(workspace, "info", first)
    add_alias(workspace, "info", second)
    assert {"info@company-name.com", "info@second-company.com"} <= claims()


def test_a_new_bounce_alias_gives_the_old_address_back(workspace: Workspace) -> None:
    domain = add_domain(workspace)
    domain.bounce = "returns"
    save_alias_domain(domain)
    assert claims() == {"returns@company-name.com", "catchall@company-name.com"}
    add_alias(workspace, "bounce", domain)


def test_bounce_and_catchall_may_change_places(workspace: Workspace) -> None:
    domain = add_domain(workspace)
    domain.bounce, domain.catchall = domain.catchall, domain.bounce
    save_alias_domain(domain)
    assert set(ClaimedAddress.objects.values_list("address", "use")) == {
        ("catchall@company-name.com", "bounce"),
        ("bounce@company-name.com", "catchall"),
    }


def test_a_renamed_domain_takes_its_aliases_along(workspace: Workspace) -> None:
    domain = add_domain(workspace)
    add_alias(workspace, "info", domain)
    domain.name = "new-name.com"
    save_alias_domain(domain)
    assert claims() == {f"{name}@new-name.com" for name in ("bounce", "catchall", "info")}


def test_a_deleted_holder_gives_its_addresses_back(workspace: Workspace) -> None:
    domain = add_domain(workspace)
    add_alias(workspace, "info", domain)
    domain.delete()
    assert claims() == set()


def test_an_alias_without_a_domain_is_one_of_the_workspaces_sub_domain(workspace: Workspace) -> None:
    other = create_workspace("other", company="Other Company")
    add_alias(workspace, "Réclamations", None)
    add_alias(other, "Réclamations", None)
    assert claims() == {"reclamations@company-name.example", "reclamations@other.example"}
    with pytest.raises(AddressTakenError, match="already the alias “reclamations”"):
        add_alias(workspace, "reclamations", None)


def test_an_alias_cannot_be_the_sub_domains_own_bounce_or_catchall(workspace: Workspace) -> None:
    for use in ("bounce", "catchall"):
        with pytest.raises(AddressTakenError, match=f"{use}@company-name.example is already the {use} address"):
            add_alias(workspace, use, None)


@pytest.mark.django_db(transaction=True)
def test_of_two_transactions_that_take_an_address_at_once_one_is_told_who_has_it() -> None:
    workspace = create_workspace("company-name", company="My Company")
    domain = add_domain(workspace)
    told: list[str] = []

    def second() -> None:
        try:
            add_alias(workspace, "info", domain)
        except AddressTakenError as error:
            told.append(error.message)
        finally:
            connection.close()

    with transaction.atomic():
        add_alias(workspace, "info", domain)
        thread = threading.Thread(target=second)
        thread.start()
        _wait_for_a_blocked_connection()
    thread.join(PATIENCE_SECONDS)
    assert told == ["info@company-name.com is already the alias “info”; choose another name."]
    assert Alias.objects.count() == 1


def _wait_for_a_blocked_connection() -> None:
    waiting = (
        "SELECT count(*), pg_stat_clear_snapshot() FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def is_blocked() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            return bool(cursor.fetchone()[0])

    assert wait_until(is_blocked), "the second transaction does not wait for the first"


# --- companies -----------------------------------------------------------------------------------------------------


def test_without_an_alias_domain_a_company_speaks_under_the_sub_domain(workspace: Workspace) -> None:
    assert domain_name("My Company") == "company-name.example"


def test_the_first_alias_domain_goes_to_all_companies_and_aliases_that_have_none(workspace: Workspace) -> None:
    create_company(workspace, "Second Company")
    add_alias(workspace, "info", None)
    first = add_domain(workspace)
    add_domain(workspace, "second-company.com", priority=1)
    assert domain_name("My Company") == domain_name("Second Company") == "company-name.com"
    assert Alias.objects.get().alias_domain == first
    assert "info@company-name.com" in claims()
    assert "info@company-name.example" not in claims()


def test_a_new_company_gets_the_domain_with_the_lowest_priority_value(workspace: Workspace) -> None:
    add_domain(workspace, priority=5)
    add_domain(workspace, "zebra.example", priority=3)
    add_domain(workspace, "alpha.example", priority=3)
    create_company(workspace, "New Company")
    assert domain_name("New Company") == "alpha.example"
    assert domain_name("My Company") == "company-name.com"


def test_companies_may_share_a_domain_change_it_and_give_it_up(workspace: Workspace) -> None:
    first, second = add_domain(workspace), add_domain(workspace, "second-company.com")
    company = create_company(workspace, "Second Company")
    assert domain_name("My Company") == domain_name("Second Company")
    assign(company, second)
    assign(company, second)
    assert domain_name("Second Company") == "second-company.com"
    assign(company, first)
    assert domain_name("Second Company") == "company-name.com"
    assign(company, None)
    assert domain_name("Second Company") == "company-name.example"


def test_a_company_name_is_given_once_in_a_workspace_in_any_case(workspace: Workspace) -> None:
    with pytest.raises(CompanyExistsError, match="“MY COMPANY”"):
        create_company(workspace, "MY COMPANY")
    assert create_company(create_workspace("other", company="Other Company"), "My Company").pk
