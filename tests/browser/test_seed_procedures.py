"""Can an office follow the manual page, click by click, with the manual's own names and addresses?

Each story begins with a new installation: the workspace company-name, whose default server is the capture server.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import database
from tests.browser.chromium import open_window
from tests.installation import Installation
from tests.peers.programs import free_port
from tests.stories.office import Office, Postroom, Report
from tests.stories.shell import open_shell

pytestmark = pytest.mark.story

OWNER, PASSWORD = "admin@company-name.com", "correct horse battery"
TEST = '"Test" <test@example.com>'


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    port = free_port()
    with database.new_database(migrated=True) as url:
        installation = Installation.in_folder(
            tmp_path,
            POSTROOM_DATABASE_URL=url,
            POSTROOM_CAPTURE_PORT=str(port),
            POSTROOM_DEFAULT_SERVER=f"smtp://127.0.0.1:{port}",
        )
        with installation.serving() as served, open_shell(installation.environ) as shell:
            served.wait_healthy()
            office = Postroom(installation, shell).new_workspace("company-name")
            (tmp_path / "password").write_text(PASSWORD)
            office.postroom.run(
                "user", "add", OWNER, "--workspace", "company-name", "--password-file", str(tmp_path / "password")
            )
            yield office


@pytest.fixture
def page(chromium: Browser, office: Office) -> Iterator[Page]:
    """An owner's window, with developer mode on."""
    with open_window(chromium) as window:
        page = window.page
        page.goto(f"{office.postroom.installation.url}/login")
        page.get_by_label("E-mail address").fill(OWNER)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        follow(page, "General settings")
        page.get_by_role("button", name="Activate the developer mode").click()
        yield page


def technical(page: Page, name: str) -> None:
    """Settings → Technical → Email."""
    page.get_by_role("navigation", name="Technical").get_by_role("link", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()


def choose_alias_domain(page: Page, name: str) -> None:
    """Settings → Alias Domain."""
    follow(page, "General settings")
    page.get_by_label("Alias Domain", exact=True).fill(name)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings are saved.")).to_be_visible()


def let_through(page: Page, senders: str) -> None:
    """Settings → Technical → Parameters: System Parameters."""
    technical(page, "System Parameters")
    follow(page, "mail.default.from_filter")
    page.get_by_label("Value").fill(senders)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("mail.default.from_filter is saved.")).to_be_visible()


def use_custom_servers(page: Page) -> None:
    """Settings → Discuss → Use Custom Email Servers, which shows Outgoing Email Servers."""
    follow(page, "General settings")
    expect(page.get_by_role("link", name="Outgoing Email Servers")).to_be_hidden()
    page.get_by_label("Use Custom Email Servers").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Outgoing Email Servers").click()
    expect(page.get_by_role("heading", name="Outgoing Mail Servers")).to_be_visible()


def add_server(office: Office, page: Page, *, name: str, priority: str, from_filter: str) -> None:
    """Settings → Technical → Email: Outgoing Mail Servers → New."""
    technical(page, "Outgoing Mail Servers")
    follow(page, "New")
    page.locator("[name=encryption]").select_option("none")
    for field, value in {
        "name": name, "priority": priority, "from_filter": from_filter, "host": "127.0.0.1",
        "port": str(office.postroom.capture_port),
    }.items():  # fmt: skip
        page.locator(f"[name={field}]").fill(value)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{name} is saved.")).to_be_visible()


def sent(office: Office, **message: str) -> Report:
    """The message once it was delivered."""
    report = office.settled(office.post(to=["mary@customer.example.com"], **message)["id"])
    assert [delivery["status"] for delivery in report["deliveries"]] == ["sent"]
    return report


def expect_addresses(office: Office, page: Page, domain: str) -> None:
    """The newest message leaves under the default addresses of that domain, and its page says so."""
    (newest, *_) = office.messages()
    page.goto(f"{office.postroom.installation.url}/messages/{newest['id']}")
    facts = page.locator("section", has=page.get_by_role("heading", name="Facts"))
    for local_part in ("notifications", "catchall", r"bounce(\+\w+)?"):
        expect(facts).to_contain_text(re.compile(f"{local_part}@{re.escape(domain)}"))


def test_a_new_database_sends_at_once_from_its_sub_domain(page: Page, office: Office) -> None:
    assert sent(office)["from_address"] == "notifications@company-name.example"
    assert sent(office, from_=TEST)["from_address"] == "notifications@company-name.example"
    expect_addresses(office, page, "company-name.example")
    let_through(page, "company-name.example, example.com")
    assert sent(office, from_=TEST)["from_address"] == "test@example.com"
    follow(page, "Emails")
    expect(page.get_by_role("cell", name="test@example.com").first).to_be_visible()


def test_a_custom_domain_is_the_alias_domain_of_two_companies(page: Page, office: Office) -> None:
    follow(page, "Companies")
    follow(page, "New")
    page.get_by_label("Name", exact=True).fill("Second Company")
    page.get_by_role("button", name="Save").click()
    choose_alias_domain(page, "company-name.com")
    let_through(page, "company-name.example, company-name.com")
    sent(office)
    expect_addresses(office, page, "company-name.com")
    follow(page, "General settings")
    page.get_by_role("link", name="Internal link").click()
    for company in ("My Company", "Second Company"):
        expect(page.get_by_role("checkbox", name=company)).to_be_checked()
    for address in ("bounce@company-name.com", "catchall@company-name.com", "notifications@company-name.com"):
        expect(page.locator("#addresses")).to_contain_text(address)
    page.locator("summary", has_text="My Company").click()
    page.get_by_role("link", name="Second Company").click()
    choose_alias_domain(page, "second-company.com")
    technical(page, "Alias Domains")
    expect(page.get_by_role("row", name="second-company.com")).to_contain_text("Second Company")
    expect(page.get_by_role("row", name="company-name.com").first).to_contain_text("My Company")


def test_transactional_and_mass_mail_take_servers_of_their_own(page: Page, office: Office) -> None:
    choose_alias_domain(page, "company-name.com")
    add_server(office, page, name="Brevo", priority="1", from_filter="company-name.com")
    add_server(office, page, name="Mailgun", priority="2", from_filter="company-name.com")
    follow(page, "General settings")
    expect(page.get_by_label("Use Custom Email Servers")).to_be_checked()
    page.get_by_label("Dedicated Server").check()
    page.get_by_label("Server for mass mail").select_option("Mailgun")
    page.get_by_role("button", name="Save").click()
    author = '"Mitchell Admin" <admin@company-name.com>'
    assert sent(office, from_=author)["server"].startswith("Brevo")
    assert sent(office, from_=author, stream="mass")["server"].startswith("Mailgun")


def test_from_filtering_chooses_the_server(page: Page, office: Office) -> None:
    choose_alias_domain(page, "company-name.com")
    add_server(office, page, name="By address", priority="3", from_filter="test@example.com")
    add_server(office, page, name="By domain", priority="2", from_filter="example.com")
    add_server(office, page, name="No filter", priority="1", from_filter="")
    found = sent(office, from_=TEST)
    assert (found["server"], found["from_address"]) == ("By address", "test@example.com")
    found = sent(office, from_="joe@example.com")
    assert (found["server"], found["from_address"]) == ("By domain", "joe@example.com")
    found = sent(office, from_='"Mary" <mary@elsewhere.example.org>')
    assert (found["server"], found["from_address"]) == ("No filter", "notifications@company-name.com")


def test_the_default_server_beside_ones_own(page: Page, office: Office) -> None:
    use_custom_servers(page)
    add_server(office, page, name="Own server", priority="1", from_filter="company-name.com")
    technical(page, "Outgoing Mail Servers")
    follow(page, "New")
    page.locator("[name=authentication]").select_option("default_server")
    page.locator("[name=name]").fill("CLI")
    page.locator("[name=from_filter]").fill("company-name.example")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("CLI is saved.")).to_be_visible()
    assert sent(office, from_="admin@company-name.com")["server"] == "Own server"
    assert sent(office, from_="admin@company-name.example")["server"] == "CLI"


def test_one_address_for_all_outgoing_mail(page: Page, office: Office) -> None:
    choose_alias_domain(page, "company-name.com")
    add_server(office, page, name="Company mail", priority="1", from_filter="company-name.com")
    technical(page, "Alias Domains")
    follow(page, "company-name.com")
    page.get_by_label("Default From Alias").fill("hello@company-name.com")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Change it all the same").click()
    expect(page.get_by_text("company-name.com is saved.")).to_be_visible()
    for author in ('"Mitchell Admin" <admin@company-name.com>', TEST):
        assert sent(office, from_=author)["from_address"] == "hello@company-name.com"
