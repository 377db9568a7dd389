"""Can a person set up aliases at the command line, and see what became of their addresses?"""

import pytest

from postroom.domains.addresses import note_hit, resolve
from tests.cli.conftest import Postroom

HERE = ("--workspace", "company-name")


@pytest.fixture(autouse=True)
def workspace(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    postroom("domain", "add", "company-name.com", *HERE)
    postroom("domain", "add", "second-company.com", *HERE)


def add_info(postroom: Postroom, *options: str) -> str:
    return postroom("alias", "add", "info", *HERE, "--domain", "company-name.com", *options)


def test_an_alias_is_added_changed_and_listed(postroom: Postroom) -> None:
    assert add_info(postroom, "--type", "crm.lead", "--defaults", '{"team": "Sales"}') == (
        "info@company-name.com  creates crm.lead, everyone, not tested\n"
    )
    add_info(postroom, "--domain", "second-company.com", "--policy", "known")
    assert postroom("alias", "list", *HERE) == "info@company-name.com  creates crm.lead, known contacts, not tested\n"
    assert postroom("alias", "resolve", "info@second-company.com") == "alias “info” of company-name\n"


def test_a_removed_alias_is_retired_and_its_mail_counted(postroom: Postroom) -> None:
    add_info(postroom)
    postroom("alias", "remove", "info@company-name.com", *HERE)
    note_hit(resolve("info@company-name.com"))
    assert "alias “info” of company-name, retired since 20" in postroom("alias", "resolve", "info@company-name.com")
    assert "info@company-name.com  alias, 1 mails since" in postroom("alias", "retired", *HERE)
    assert postroom("alias", "list", *HERE) == "There are no aliases.\n"


def test_a_removed_domain_is_still_heard(postroom: Postroom) -> None:
    add_info(postroom)
    postroom("domain", "remove", "company-name.com", *HERE)
    assert postroom("alias", "list", *HERE).startswith("info@company-name.example")
    assert "catchall of company-name, retired since 20" in postroom("alias", "resolve", "catchall@company-name.com")


def test_what_cannot_be_is_refused_with_a_sentence(postroom: Postroom, refused: Postroom) -> None:
    add_info(postroom)
    assert "There is no alias domain third.example; this workspace has company-name.com" in refused(
        "alias", "add", "info", *HERE, "--domain", "third.example"
    )
    assert "is already the catchall address" in refused(
        "alias", "add", "catchall", *HERE, "--domain", "company-name.com"
    )
    assert "There is no alias jobs@company-name.com" in refused("alias", "remove", "jobs@company-name.com", *HERE)
