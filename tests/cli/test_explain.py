"""Does `postroom route explain --from` tell a person where a message would go, and why?"""

import pytest

from postroom.domains.models import AliasDomain, DomainCheck
from postroom.outbound.models import Message
from tests.cli.conftest import Postroom, run

HERE = ("--workspace", "company-name")


@pytest.fixture(autouse=True)
def workspace(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    postroom("domain", "add", "company-name.com", *HERE)
    postroom("workspace", "company", "Second Company", *HERE)
    postroom("domain", "add", "second-company.com", *HERE, "--company", "Second Company")
    postroom("server", "add", "Company mail", *HERE, "--host", "a.example", "--from-filter", "company-name.com")
    postroom("server", "add", "Mailings", *HERE, "--host", "b.example", "--from-filter", "news.example")
    postroom("server", "dedicate", "Mailings", *HERE)
    postroom("template", "add", "Welcome", *HERE, "--from", "welcome@news.example", "--server", "Mailings")


def explained(text: str) -> dict[str, str]:
    head = text.partition("\n\n")[0]
    return {name: value.strip() for name, _, value in (line.partition(":") for line in head.splitlines())}


def test_the_trace_is_for_people(postroom: Postroom) -> None:
    text = postroom("route", "explain", "--from", '"Mary" <mary@customer.example.com>')
    assert explained(text) == {
        "Server": "Company mail",
        "From": '"Mary" <notifications@company-name.com> (replaced)',
        "Return path": "bounce@company-name.com",
        "Reply-To": "catchall@company-name.com",
        "DMARC": explained(text)["DMARC"],
    }
    assert "Why:\n" in text
    assert "    filter_address: No server" in text
    assert "  → first_server: Company mail is the first server." in text
    assert not Message.objects.exists()


def test_a_from_that_is_kept_is_not_called_replaced(postroom: Postroom) -> None:
    assert explained(postroom("route", "explain", "--from", "mary@company-name.com"))["From"] == "mary@company-name.com"


def test_the_company_decides_in_whose_name(postroom: Postroom) -> None:
    text = postroom("route", "explain", "--from", "", "--company", "second company")
    assert explained(text)["From"] == "notifications@second-company.com"


def test_a_template_brings_its_from_and_its_server(postroom: Postroom) -> None:
    told = explained(postroom("route", "explain", "--from", "mary@company-name.com", "--template", "welcome"))
    assert (told["Server"], told["From"]) == ("Mailings", "welcome@news.example")


def test_mass_mail_and_a_forced_server_are_explained_too(postroom: Postroom) -> None:
    mary = ("--from", "mary@company-name.com")
    assert explained(postroom("route", "explain", *mary, "--stream", "mass"))["Server"] == "Mailings"
    forced = explained(postroom("route", "explain", *mary, "--stream", "mass", "--server", "company mail"))
    assert forced["Server"] == "Company mail"


def test_what_is_not_there_is_named(postroom: Postroom, refused: Postroom) -> None:
    mary = ("route", "explain", "--from", "mary@company-name.com")
    assert refused(*mary, "--template", "Typo") == "There is no template “Typo” in company-name."
    assert "There is no company “Typo”" in refused(*mary, "--company", "Typo")
    assert "There is no outgoing server “Typo”" in refused(*mary, "--server", "Typo")
    assert "write an address as name@example.com" in refused("route", "explain", "--from", "mary")
    postroom("workspace", "add", "other", "--company", "Other")
    assert refused(*mary) == "Say which workspace is meant: --workspace NAME."
    assert explained(postroom(*mary, *HERE))["Server"] == "Company mail"


def test_a_forced_server_that_is_archived_is_refused(postroom: Postroom, refused: Postroom) -> None:
    postroom("server", "archive", "Company mail", *HERE)
    sentence = refused("route", "explain", "--from", "a@b.example", "--server", "Company mail")
    assert "Company mail is archived" in sentence


def test_a_question_from_the_database_and_a_scenario_do_not_mix(db: None) -> None:
    assert run("route", "explain", "--from", "a@b.example", "--scenario", "-").exit_code == 2


def test_what_dns_said_last_is_told(postroom: Postroom) -> None:
    assert "DNS" not in postroom("route", "explain", "--from", "mary@company-name.com")
    server = {"server": "Company mail", "from_domain": "company-name.com", "dmarc": "fail", "words": "DMARC fails."}
    DomainCheck.objects.create(
        alias_domain=AliasDomain.objects.get(name="company-name.com"),
        verdict="wrong",
        report={"findings": [{"verdict": "wrong"}], "servers": [server]},
        routing_version=1,
    )
    text = postroom("route", "explain", "--from", "mary@company-name.com")
    assert "UTC: DMARC fails." in text
    assert "Records to change: 1" in text
