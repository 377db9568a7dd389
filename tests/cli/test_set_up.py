"""Can a workspace be set up from the command line, and is a person told in one sentence what is wrong?"""

from pathlib import Path

import pytest

from postroom.domains.models import AliasDomain
from postroom.domains.senders import alias_domain_of
from postroom.mailings.models import Template
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.keys import find_key
from postroom.workspaces.models import Company, Workspace
from postroom.workspaces.parameters import DEFAULT_FROM_FILTER, parameter
from tests.cli.conftest import Postroom, run

HERE = ("--workspace", "company-name")


@pytest.fixture(autouse=True)
def workspace(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")


# --- workspaces ----------------------------------------------------------------------------------------------------


def test_a_new_workspace_says_what_it_sends_from(postroom: Postroom) -> None:
    assert postroom("workspace", "add", "other", "--company", "Other") == "other sends from other.example.\n"


def test_a_key_is_printed_alone_and_works(postroom: Postroom) -> None:
    key = postroom("workspace", "key", "shop", *HERE)
    assert len(key.splitlines()) == 1
    found = find_key(key.strip())
    assert found is not None
    assert (found.workspace.slug, found.name) == ("company-name", "shop")


def test_a_parameter_is_set(postroom: Postroom) -> None:
    postroom("workspace", "parameter", DEFAULT_FROM_FILTER, "company-name.com, a@b.example", *HERE)
    company = Company.objects.select_related("workspace").get()
    assert parameter(company.workspace, DEFAULT_FROM_FILTER) == "company-name.com, a@b.example"


def test_lifetimes_and_the_grace_period_are_set_one_by_one(postroom: Postroom) -> None:
    postroom("workspace", "set", "company-name", "--lifetime-hours", "72", "--grace-seconds", "30")
    postroom("workspace", "set", "company-name", "--mass-lifetime-hours", "24")
    workspace = Workspace.objects.get()
    assert (workspace.lifetime_hours, workspace.mass_lifetime_hours, workspace.grace_seconds) == (72, 24, 30)


@pytest.mark.parametrize(("typed", "meant"), [(("servr", "list"), "server"), (("inbound", "dsk"), "desk")])
def test_a_mistyped_command_is_told_what_was_meant(typed: tuple[str, ...], meant: str) -> None:
    result = run(*typed)
    assert (result.exit_code, f"did you mean “{meant}”?" in result.stderr) == (2, True)


def test_a_command_like_no_other_is_simply_unknown() -> None:
    assert "No such command 'xyzzy'" in run("xyzzy").stderr


def test_wrong_names_are_refused_in_words(refused: Postroom) -> None:
    assert "small letters" in refused("workspace", "add", "No Good", "--company", "x")
    assert refused("workspace", "add", "company-name", "--company", "x") == (
        "There is a workspace “company-name” already; choose another name."
    )
    assert refused("workspace", "company", "my company", *HERE) == (
        "There is a company “my company” already; choose another name."
    )
    assert refused("workspace", "key", "shop", "--workspace", "typo") == (
        "There is no workspace “typo”; this installation has: company-name."
    )


# --- domains -------------------------------------------------------------------------------------------------------


def test_a_domain_is_given_to_the_companies_named(postroom: Postroom) -> None:
    postroom("domain", "add", "company-name.com", *HERE)
    postroom("workspace", "company", "Second Company", *HERE)
    text = postroom("domain", "add", "second-company.com", *HERE, "--company", "second company", "--bounce", "Retour")
    assert text == "second-company.com: bounces to retour@, answers to catchall@, From notifications.\n"
    domains = {c.name: alias_domain_of(c).name for c in Company.objects.select_related("workspace")}
    assert domains == {"My Company": "company-name.com", "Second Company": "second-company.com"}


def test_changing_one_thing_of_a_domain_leaves_the_others(postroom: Postroom) -> None:
    postroom("domain", "add", "company-name.com", *HERE, "--bounce", "returns", "--default-from", "office@a.example")
    postroom("domain", "add", "COMPANY-NAME.com", *HERE, "--priority", "1")
    domain = AliasDomain.objects.get()
    assert (domain.priority, domain.bounce, domain.catchall) == (1, "returns", "catchall")
    assert domain.default_from == "office@a.example"


def test_what_a_domain_cannot_be_is_refused_in_words(postroom: Postroom, refused: Postroom) -> None:
    assert "is not a domain" in refused("domain", "add", "no domain", *HERE)
    assert "belongs to this installation" in refused("domain", "add", "company-name.example", *HERE)
    assert "already the bounce address" in refused("domain", "add", "a.example", *HERE, "--catchall", "bounce")
    assert "less than or equal" in refused("domain", "add", "a.example", *HERE, "--priority", "99999999999")
    assert "There is no company “Typo”" in refused("domain", "add", "a.example", *HERE, "--company", "Typo")
    postroom("domain", "dkim-key", "a.example", *HERE)
    assert "choose another selector" in refused("domain", "dkim-key", "a.example", *HERE)


def test_a_dkim_key_prints_the_record_to_publish(postroom: Postroom) -> None:
    record = postroom("domain", "dkim-key", "company-name.com", *HERE, "--selector", "s2031")
    assert record.startswith('s2031._domainkey.company-name.com. IN TXT "v=DKIM1; k=rsa; ')
    assert all(len(string) <= 255 for string in record.split('"'))
    assert "PRIVATE" not in record


# --- servers -------------------------------------------------------------------------------------------------------


def test_a_server_is_created_with_a_password_from_standard_input(postroom: Postroom) -> None:
    place = ("--host", "smtp.example.com", "--port", "465", "--encryption", "tls")
    login = ("--username", "mary", "--password-file", "-")
    text = postroom(
        "server", "add", "Company mail", *HERE, *place, *login, "--from-filter", "company-name.com", input_=" secret \n"
    )
    assert text == "Company mail takes mail for company-name.com.\n"
    server = OutgoingServer.objects.get()
    assert (server.host, server.port, server.encryption) == ("smtp.example.com", 465, "tls")
    assert (server.username, server.password, server.priority) == ("mary", " secret ", 10)


def test_changing_one_thing_of_a_server_leaves_the_others(postroom: Postroom) -> None:
    postroom(
        "server", "add", "Company mail", *HERE, "--host", "a.example", "--port", "25", "--encryption", "none",
        "--no-verify", "--from-filter", "company-name.com", "--connections", "2",
    )  # fmt: skip
    assert "It was there already, and has changed." in postroom(
        "server", "add", "company MAIL", *HERE, "--priority", "3"
    )
    server = OutgoingServer.objects.get()
    assert (server.name, server.host, server.port, server.encryption) == ("Company mail", "a.example", 25, "none")
    assert (server.verifies_certificate, server.from_filter, server.max_connections) == (False, "company-name.com", 2)
    assert server.priority == 3


def test_a_server_without_a_filter_comes_with_a_note(postroom: Postroom) -> None:
    text = postroom("server", "add", "Anything", *HERE, "--host", "a.example")
    assert "takes mail for every From, under the notification address" in text
    assert "Note: Without FROM filtering" in text


def test_the_default_server_takes_part_with_a_filter_of_its_own(postroom: Postroom) -> None:
    postroom("server", "add", "Default", *HERE, "--default-server", "--from-filter", "company-name.example")
    assert OutgoingServer.objects.get().authentication == "default_server"


def test_servers_are_listed_as_they_are_asked(postroom: Postroom) -> None:
    for name, priority in (("zebra", "2"), ("Écho", "2"), ("Foxtrot", "2"), ("delta", "2"), ("Last", "9")):
        postroom("server", "add", name, *HERE, "--host", "a.example", "--priority", priority)
    postroom("server", "archive", "zebra", *HERE)
    lines = postroom("server", "list", *HERE).splitlines()
    assert [line.split()[1] for line in lines] == ["delta", "Écho", "Foxtrot", "zebra", "Last"]
    assert lines[3] == "   2  zebra  a.example:587  no FROM filter  (archived)"


def test_a_server_in_use_is_not_archived_and_its_users_are_named(postroom: Postroom, refused: Postroom) -> None:
    postroom("server", "add", "Mailings", *HERE, "--host", "a.example")
    postroom("server", "dedicate", "mailings", *HERE)
    postroom("template", "add", "Welcome", *HERE, "--server", "MAILINGS")
    sentence = refused("server", "archive", "Mailings", *HERE)
    assert "Email Marketing → Dedicated Server, the template “Welcome”" in sentence
    postroom("server", "dedicate", *HERE)
    assert not DedicatedServer.objects.exists()
    postroom("template", "add", "Welcome", *HERE)
    postroom("server", "archive", "Mailings", *HERE)
    assert not OutgoingServer.objects.get().is_active


def test_what_a_server_cannot_be_is_refused_in_words(refused: Postroom, tmp_path: Path) -> None:
    assert "host name" in refused("server", "add", "x", *HERE)
    assert "1 to 65535" in refused("server", "add", "x", *HERE, "--host", "a.example", "--port", "0")
    assert "FROM filtering" in refused("server", "add", "x", *HERE, "--host", "a.example", "--from-filter", "no domain")
    assert "at least 1" in refused("server", "add", "x", *HERE, "--host", "a.example", "--connections", "0")
    assert refused("server", "archive", "typo", *HERE) == (
        "There is no outgoing server “typo” in company-name; see `postroom server list`."
    )
    assert not OutgoingServer.objects.exists()


# --- templates -----------------------------------------------------------------------------------------------------


def test_a_template_keeps_its_from_as_an_address(postroom: Postroom, refused: Postroom) -> None:
    postroom("template", "add", "Welcome", *HERE, "--from", "Mary <MARY@Company-Name.com>")
    assert Template.objects.get().header_from == '"Mary" <MARY@company-name.com>'
    assert "is not an e-mail address" in refused("template", "add", "Welcome", *HERE, "--from", "mary")
    assert "There is no outgoing server" in refused("template", "add", "Welcome", *HERE, "--server", "typo")
