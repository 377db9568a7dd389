"""Does mail to an address find where it belongs, also when the address was changed long ago (B4, B5, H3)?"""

from datetime import timedelta

import pytest
from django.utils import timezone

from postroom.domains.addresses import Destination, Kind, note_hit, resolve
from postroom.domains.alias_domains import remove_alias_domain, save_alias_domain
from postroom.domains.aliases import remove_alias, save_alias
from postroom.domains.claims import QUIET_BEFORE_REUSE, AddressTakenError
from postroom.domains.models import Alias, AliasDomain, RetiredAddress
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace
from postroom.workspaces.parameters import CATCHALL_DOMAINS, set_parameter


@pytest.fixture
def workspace(db: None) -> Workspace:
    return create_workspace("company-name", company="My Company")


@pytest.fixture
def domain(workspace: Workspace) -> AliasDomain:
    return save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))


def add_alias(domain: AliasDomain, local_part: str = "info", **fields: object) -> Alias:
    return save_alias(Alias(workspace=domain.workspace, local_part=local_part, alias_domain=domain, **fields))


def kind(address: str, workspace: Workspace | None = None) -> str:
    return resolve(address, workspace).kind.value


def hit(address: str, *, days_ago: int = 0) -> Destination:
    """A mail that comes to a retired address."""
    destination = resolve(address)
    note_hit(destination)
    RetiredAddress.objects.filter(address=address).update(last_hit_at=timezone.now() - timedelta(days=days_ago))
    return destination


# --- addresses in use ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bounce@company-name.com", "bounce"),
        ("Bounce+2a0123@Company-Name.COM", "bounce"),
        ("catchall@company-name.com", "catchall"),
        ("notifications@company-name.com", "notification"),
        ("dmarc-reports@company-name.com", "reports"),
        ("dmarc-reports@company-name.example", "reports"),
        ("reply+2a0123@company-name.com", "reply"),
        ("probe+2a@company-name.com", "probe"),
        ('"Info" <info@company-name.com>', "alias"),
        ("info+spring@company-name.com", "alias"),
        ("reply@company-name.com", "unknown"),
        ("nobody@company-name.com", "unknown"),
        ("catchall@elsewhere.example", "unknown"),
        ("no address", "unknown"),
        ("bounce@company-name.example", "bounce"),
        ("catchall@company-name.example", "catchall"),
        ("notifications@company-name.example", "notification"),
        ("reply+2a@company-name.example", "reply"),
    ],
)
def test_each_address_of_a_workspace_is_known_for_what_it_is(domain: AliasDomain, address: str, expected: str) -> None:
    add_alias(domain)
    assert kind(address) == expected


def test_the_workspace_is_known_even_where_the_local_part_is_not(domain: AliasDomain) -> None:
    assert resolve("nobody@company-name.com").workspace == domain.workspace
    assert resolve("nobody@company-name.example").workspace == domain.workspace
    assert resolve("nobody@elsewhere.example").workspace is None
    assert resolve("nobody@elsewhere.example", domain.workspace).workspace == domain.workspace


def test_a_sub_address_is_kept_as_the_tag(domain: AliasDomain) -> None:
    assert resolve("bounce+2A01@company-name.com").tag == "2a01"
    assert resolve("bounce@company-name.com").tag == ""


def test_a_reply_address_is_no_mail_for_an_alias_of_that_name(domain: AliasDomain) -> None:
    add_alias(domain, "reply")
    assert (kind("reply@company-name.com"), kind("reply+2a@company-name.com")) == ("alias", "reply")


def test_a_complete_default_from_address_takes_no_mail_for_records(workspace: Workspace) -> None:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com", default_from="Office@Other.Example"))
    assert kind("office@other.example") == "notification"


def test_one_alias_takes_mail_at_several_domains(workspace: Workspace, domain: AliasDomain) -> None:
    second = save_alias_domain(AliasDomain(workspace=workspace, name="second-company.com"))
    alias = save_alias(Alias(workspace=workspace, local_part="info", alias_domain=domain), further_domains=[second])
    assert resolve("info@second-company.com").alias == resolve("info@company-name.com").alias == alias
    assert alias.address == "info@company-name.com"
    save_alias(alias, further_domains=[])
    assert resolve("info@second-company.com").retired is not None


# --- by local part alone -------------------------------------------------------------------------------------------


def test_an_alias_counts_at_other_domains_only_if_it_is_made_to(domain: AliasDomain) -> None:
    add_alias(domain, "info", matches_local_part=True)
    add_alias(domain, "jobs")
    fetched = [kind(f"{name}@old-name.example", domain.workspace) for name in ("info", "jobs", "catchall", "bounce")]
    assert fetched == ["alias", "unknown", "catchall", "bounce"]


def test_an_address_that_is_redirected_to_the_sub_domain_is_the_alias(domain: AliasDomain) -> None:
    alias = add_alias(domain, "jobs")
    assert resolve("jobs@company-name.example").alias == resolve("jobs+2026@company-name.example").alias == alias


def test_where_aliases_of_two_domains_are_redirected_there_the_header_is_asked(domain: AliasDomain) -> None:
    second = save_alias_domain(AliasDomain(workspace=domain.workspace, name="second-company.com"))
    for each in (domain, second):
        add_alias(each, "jobs")
    assert kind("jobs@company-name.example") == "catchall"


def test_the_parameter_says_at_which_domains_a_local_part_counts(domain: AliasDomain) -> None:
    set_parameter(domain.workspace, CATCHALL_DOMAINS, "old-name.example, München.example, ")
    for name in ("old-name.example", "münchen.example"):
        assert resolve(f"catchall@{name}") == Destination(
            kind=Kind.CATCHALL, workspace=domain.workspace, alias_domain=domain
        )
    assert kind("catchall@third.example", domain.workspace) == "unknown"


def test_who_fetched_the_mail_goes_before_a_namesake_of_another_workspace(domain: AliasDomain) -> None:
    other = create_workspace("other", company="Other Company")
    set_parameter(other, CATCHALL_DOMAINS, "old-name.example")
    assert resolve("catchall@old-name.example").workspace == other
    assert resolve("catchall@old-name.example", domain.workspace).workspace == domain.workspace


# --- addresses that were changed -----------------------------------------------------------------------------------


def test_what_was_changed_goes_on_as_what_it_was_and_is_counted(domain: AliasDomain) -> None:
    alias = add_alias(domain)
    domain.bounce, domain.catchall, domain.default_from = "returns", "all", "office"
    save_alias_domain(domain)
    alias.local_part = "hello"
    save_alias(alias)
    for address, expected in {
        "bounce+2a01@company-name.com": "bounce",
        "catchall@company-name.com": "catchall",
        "notifications@company-name.com": "notification",
        "info@company-name.com": "alias",
    }.items():
        destination = resolve(address)
        note_hit(destination)
        assert (destination.kind, destination.alias_domain == domain) == (expected, expected != "alias")
        assert destination.retired
        destination.retired.refresh_from_db()
        assert (destination.retired.hits, destination.retired.last_hit_at is not None) == (1, True)
    assert resolve("info@company-name.com").alias == alias
    assert resolve("returns@company-name.com").retired is None


def test_a_renamed_domain_is_still_heard_at_its_old_name(domain: AliasDomain) -> None:
    add_alias(domain)
    domain.name = "new-name.com"
    save_alias_domain(domain)
    names = ("bounce+2a", "catchall", "notifications", "info", "reply+2a")
    kinds = ["bounce", "catchall", "notification", "alias", "reply"]
    assert [kind(f"{name}@company-name.com") for name in names] == kinds
    assert [kind(f"{name}@new-name.com") for name in names] == kinds
    assert kind("reply@company-name.com") == "unknown"


def test_the_alias_that_moves_to_the_first_alias_domain_is_heard_at_the_sub_domain(workspace: Workspace) -> None:
    alias = save_alias(Alias(workspace=workspace, local_part="info"))
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    old, new = resolve("info@company-name.example"), resolve("info@company-name.com")
    assert old.alias == new.alias == alias
    assert (old.retired is not None, new.retired) == (True, None)


def test_a_removed_alias_or_domain_loses_no_mail(domain: AliasDomain) -> None:
    alias = add_alias(domain)
    remove_alias(add_alias(domain, "jobs"))
    remove_alias_domain(domain)
    names = ("bounce", "catchall", "notifications", "info", "jobs", "reply+2a")
    kinds = ["bounce", "catchall", "notification", "alias", "alias", "reply"]
    assert [kind(f"{name}@company-name.com") for name in names] == kinds
    assert resolve("info@company-name.com").alias == alias
    assert resolve("info@company-name.example").alias == alias


def test_an_address_that_still_gets_mail_is_given_to_nobody_else(domain: AliasDomain) -> None:
    domain.catchall = "all"
    save_alias_domain(domain)
    assert hit("catchall@company-name.com").kind == Kind.CATCHALL
    with pytest.raises(AddressTakenError, match=r"was the catchall address until .* and still gets mail \(1 since"):
        add_alias(domain, "catchall")
    assert kind("catchall@company-name.com") == "catchall"


def test_an_address_is_free_again_after_ninety_quiet_days(domain: AliasDomain) -> None:
    domain.catchall = "all"
    save_alias_domain(domain)
    hit("catchall@company-name.com", days_ago=QUIET_BEFORE_REUSE.days)
    alias = add_alias(domain, "catchall")
    assert resolve("catchall@company-name.com").alias == alias
    assert not RetiredAddress.objects.filter(address="catchall@company-name.com").exists()


def test_who_gave_an_address_up_may_take_it_back_at_any_time(domain: AliasDomain) -> None:
    alias = add_alias(domain)
    for names in (("all", "office", "hello"), ("catchall", "notifications", "info")):
        domain.catchall, domain.default_from, alias.local_part = names
        save_alias_domain(domain)
        save_alias(alias)
        for address in RetiredAddress.objects.values_list("address", flat=True):
            hit(address)
    used = [f"{name}@company-name.com" for name in ("catchall", "notifications", "info")]
    assert [resolve(address).retired for address in used] == [None] * 3


def test_a_removed_domain_may_come_back_while_its_mail_comes(domain: AliasDomain) -> None:
    workspace = domain.workspace
    remove_alias_domain(domain)
    hit("catchall@company-name.com")
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    assert resolve("catchall@company-name.com").retired is None


def test_an_alias_may_take_what_only_notifications_are_from(domain: AliasDomain) -> None:
    add_alias(domain, "notifications")
    assert kind("notifications@company-name.com") == "alias"
