"""Does the simulator answer as routing does, in words that need no manual?"""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.mailings.models import Template
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.models import Workspace

PATH = "/settings/route"


@pytest.fixture
def workspace(workspace: Workspace) -> Workspace:
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    return workspace


def add(workspace: Workspace, name: str, from_filter: str, priority: int) -> OutgoingServer:
    return OutgoingServer.objects.create(
        workspace=workspace, name=name, host="mx.example.com", from_filter=from_filter, priority=priority
    )


def ask(browser: Client, **asked: object) -> str:
    answer = browser.get(f"{PATH}?{urlencode(asked)}")
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_domain_in_a_filter_keeps_the_from(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", "example.com", 1)
    text = ask(owner, author="test@example.com")
    assert "It leaves through Gmail, because its FROM filter holds the domain example.com." in text
    assert "Recipients see the author&#x27;s own address, test@example.com." in text
    assert "Delivery errors will not come back" in text


def test_an_address_goes_before_a_domain(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", "example.com", 1)
    add(workspace, "Brevo", "test@example.com", 2)
    text = ask(owner, author="test@example.com")
    assert "It leaves through Brevo, because its FROM filter holds the address test@example.com." in text
    assert "not asked any more" in text


def test_without_a_fitting_filter_the_notification_address_stands_in(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", "company-name.com", 1)
    add(workspace, "Brevo", "", 2)
    text = ask(owner, author='"Mary" <mary@customer.example.com>', recipient="joe@example.com")
    assert "and this is the first server without a filter" in text
    assert "Recipients see &quot;Mary&quot; &lt;notifications@company-name.com&gt;" in text
    assert "because Brevo has no FROM filter: the notification address stands in" in text
    assert "catchall@company-name.com" in text
    assert "joe@example.com" in text


def test_without_a_server_the_default_server_is_named(owner: Client, workspace: Workspace) -> None:
    assert "there is no outgoing server" in ask(owner, author="mary@company-name.com")


def test_a_template_brings_its_from_and_its_server(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", "company-name.com", 1)
    bound = add(workspace, "Invoices", "billing.example", 2)
    template = Template.objects.create(
        workspace=workspace, name="Bill", header_from="bill@billing.example", server=bound
    )
    text = ask(owner, author="mary@company-name.com", template=template.pk)
    assert "It leaves through Invoices, because the template or the Dedicated Server setting says so." in text
    assert "Recipients see the author&#x27;s own address, bill@billing.example." in text


def test_mass_mail_takes_the_dedicated_server(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", "company-name.com", 1)
    DedicatedServer.objects.create(workspace=workspace, server=add(workspace, "Mailgun", "company-name.com", 2))
    assert "It leaves through Mailgun" in ask(owner, author="mary@company-name.com", stream="mass")
    assert "It leaves through Gmail" in ask(owner, author="mary@company-name.com")


def test_a_complete_default_from_is_told(owner: Client, workspace: Workspace) -> None:
    domain = workspace.alias_domains.get()
    domain.default_from = "hello@company-name.com"
    save_alias_domain(domain)
    add(workspace, "Gmail", "company-name.com", 1)
    assert "it replaces every sender" in ask(owner, author="mary@elsewhere.example")


def test_what_if_stands_beside_today_and_changes_nothing(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", "company-name.com", 1)
    brevo = add(workspace, "Brevo", "", 2)
    asked = {"author": "mary@customer.example.com", f"filter-{brevo.pk}": "shop.example", f"priority-{brevo.pk}": "0"}
    text = ask(owner, **asked)
    today, changed = text.split("With your changes")
    assert "It leaves through Brevo: no FROM filter" in today
    assert "every server has one, and this is the first" in changed
    assert "It leaves through Brevo" in changed
    brevo.refresh_from_db()
    assert (brevo.from_filter, brevo.priority) == ("", 2)


def test_what_if_that_changes_nothing_for_the_message_says_so(owner: Client, workspace: Workspace) -> None:
    add(workspace, "Gmail", "company-name.com", 1)
    other = add(workspace, "Brevo", "", 2)
    text = ask(owner, **{"author": "mary@company-name.com", f"filter-{other.pk}": "shop.example"})
    assert "For this message nothing changes." in text


def test_the_link_holds_the_question_and_the_changes_alone(owner: Client, workspace: Workspace) -> None:
    gmail, brevo = add(workspace, "Gmail", "company-name.com", 1), add(workspace, "Brevo", "", 2)
    asked = {"author": "mary@x.example", f"filter-{gmail.pk}": "company-name.com", f"filter-{brevo.pk}": "x.example"}
    page = owner.get(f"{PATH}?{urlencode(asked)}").content.decode()
    found = re.search(r'data-copy="([^"]+)"', page)
    assert found
    link = found[1].replace("&amp;", "&")
    assert f"filter-{brevo.pk}=x.example" in link
    assert f"filter-{gmail.pk}" not in link
    assert "It leaves through Brevo" in owner.get(link.partition("8080")[2] or link).content.decode()


@pytest.mark.parametrize(
    "asked",
    [{"author": "nobody"}, {"company": "999"}, {"template": "x"}, {"stream": "x"}, {"recipient": "@"}, {"author": ""}],
)
def test_nonsense_in_the_address_is_passed_over(owner: Client, workspace: Workspace, asked: dict[str, str]) -> None:
    add(workspace, "Gmail", "company-name.com", 1)
    ask(owner, **asked)


def test_another_workspaces_company_and_template_are_not_known(outsider: Client, workspace: Workspace) -> None:
    person = Workspace.objects.get(slug="other-name").memberships.get()
    person.role = "owner"
    person.save()
    text = ask(outsider, company=workspace.companies.get().pk, author="x@example.com")
    assert "It leaves through" not in text
