"""Do the settings look as they should, and work as the manual says?"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Look
from tests.stories.office import Office

pytestmark = pytest.mark.story


@pytest.fixture
def url(demo: Office) -> str:
    return demo.postroom.installation.url


def path_of(page: Page) -> str:
    return "/" + page.url.split("/", 3)[3]


def test_the_general_settings(look: Look, demo: Office) -> None:
    look("/settings/general", "general")


def test_companies(look: Look, page: Page, url: str) -> None:
    look("/settings/companies", "companies")
    page.goto(f"{url}/settings/companies")
    page.get_by_role("link", name="Second Company").click()
    look(path_of(page), "company")


def test_alias_domains(look: Look, page: Page, url: str) -> None:
    look("/settings/alias-domains", "alias-domains")
    page.goto(f"{url}/settings/alias-domains/new")
    page.get_by_label("Domain").fill("third-company.com")
    page.get_by_label("Bounce Alias").fill("Échéances")
    expect(page.locator("#addresses")).to_contain_text("echeances@third-company.com")
    page.goto(f"{url}/settings/alias-domains")
    page.get_by_role("link", name="company-name.com", exact=True).click()
    look(path_of(page), "alias-domain")
    page.get_by_label("Catchall Alias").fill("bounce")
    expect(page.locator("#addresses")).to_contain_text("bounce@company-name.com")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Addresses that others write to would change.")).to_be_visible()
    page.get_by_role("link", name="Leave it as it is").click()
    page.get_by_role("link", name="Authentication records").click()
    page.get_by_role("button", name="Check now").click()
    expect(page.locator(".headline-verdict").first).to_contain_text(re.compile("record|clear"))
    look(path_of(page).partition("?")[0], "domain-records")
    page.get_by_role("link", name="Send to my DNS administrator").click()
    look(path_of(page), "domain-letter")


@pytest.mark.parametrize("name", ["keys", "parameters", "aliases", "templates", "scheduled-actions"])
def test_the_technical_lists(look: Look, name: str) -> None:
    look(f"/settings/{name}", name)


@pytest.mark.parametrize("path", ["aliases/new", "templates/new", "parameters/new?key=mail.default.from_filter"])
def test_the_technical_forms(look: Look, path: str) -> None:
    look(f"/settings/{path}", path.partition("?")[0].replace("/", "-"))


def test_alerts(look: Look, demo: Office) -> None:
    look("/alerts", "alerts")


def test_the_monitor(look: Look, demo: Office) -> None:
    for recipient in ("mary@example.com", "bounce-550@example.com"):
        demo.settled(demo.post(from_="mary@company-name.com", to=[recipient])["id"])
    look("/monitor", "monitor")
    look("/monitor/numbers?period=days&by=server", "monitor-numbers")


def test_a_key_is_made_used_and_revoked(page: Page, url: str) -> None:
    page.goto(f"{url}/settings/keys")
    page.get_by_label("Name", exact=True).fill("Invoices")
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("it is shown this once")).to_be_visible()
    page.get_by_role("link", name="Revoke the key Invoices").click()
    page.get_by_label("Type").fill("Invoices")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Revoked keys")).to_be_visible()
