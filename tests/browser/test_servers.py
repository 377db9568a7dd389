"""Can an office set up its outgoing servers as the manual says, see what each test finds, and understand the choice?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Look
from tests.peers.aiosmtpd_server import Aiosmtpd, run_aiosmtpd
from tests.peers.certificates import TlsFiles
from tests.peers.postfix import Postfix, run_postfix, why_unavailable
from tests.stories.office import Office

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def provider(tls_files: TlsFiles) -> Iterator[Aiosmtpd]:
    with run_aiosmtpd(
        tls=tls_files, replies={}, accounts={"mary": "secret"}, max_message_bytes=10_000, max_recipients=10
    ) as server:
        yield server


@pytest.fixture(scope="module")
def strict(tls_files: TlsFiles) -> Iterator[Postfix]:
    """A provider that takes mail of nobody at example.com."""
    if why := why_unavailable():
        pytest.skip(why)
    refusal = "{ example.com = 553 5.7.1 Sender address rejected: not owned by user mary }"
    settings = {"smtpd_sender_restrictions": f"check_sender_access inline:{{ {refusal} }}", "smtpd_delay_reject": "no"}
    with run_postfix("customer.example.com", tls=tls_files, settings=settings) as server:
        yield server


@pytest.fixture
def url(demo: Office) -> str:
    return f"{demo.postroom.installation.url}/settings"


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)


def add(page: Page, *, name: str, port: int, authority: str = "", login: str = "") -> None:
    """Fill in the form of a new server as a provider says, and test the connection; `login` is user:password."""
    page.locator("[name=encryption]").select_option("starttls")
    fill(page, name=name, from_filter="example.com", priority="90", host="localhost", port=str(port))
    username, _, password = login.partition(":")
    fill(page, username=username, password=password)
    page.get_by_text("Certificate, signatures and debugging").click()
    page.locator("[name=ca_certificate]").fill(authority)
    page.get_by_role("button", name="Save and test the connection").click()


def archive(page: Page, url: str, name: str) -> None:
    """So that later tests choose between the servers that were there."""
    page.goto(f"{url}/servers")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Archive").click()
    page.get_by_label("Type").fill(name)
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("heading", name="Archived")).to_be_visible()


def test_an_external_server_is_added_and_tested(page: Page, url: str, provider: Aiosmtpd, tls_files: TlsFiles) -> None:
    page.goto(f"{url}/general")
    expect(page.get_by_label("Use Custom Email Servers")).to_be_checked()
    page.get_by_role("link", name="Outgoing Email Servers").click()
    page.get_by_role("link", name="New", exact=True).click()
    page.get_by_role("link", name="Brevo").click()
    expect(page.locator("[name=host]")).to_have_value("smtp-relay.brevo.com")
    page.locator("[name=encryption]").select_option("tls")
    expect(page.locator("[name=port]")).to_have_value("465")
    page.locator("[name=encryption]").select_option("starttls")
    page.locator("[name=from_filter]").fill("example.com, Brevo")
    expect(page.get_by_text("“Brevo” is neither a domain nor a complete address")).to_be_visible()
    page.get_by_role("button", name="Take Brevo out").click()
    expect(page.locator("[name=from_filter]")).to_have_value("example.com")
    add(page, name="Brevo", port=provider.port, authority=tls_files.authority.read_text(), login="mary:secret")
    page.get_by_label("Recipient that the server is asked about").fill("joe@customer.example.com")
    page.get_by_role("button", name="Test now").click()
    expect(page.get_by_text("The server would take mail from every address.")).to_be_visible()
    expect(page.get_by_text("That does not prove that mail arrives")).to_be_visible()
    assert provider.messages("joe@customer.example.com", count=0) == []
    archive(page, url, "Brevo")


# What is wrong, the step that fails, and what the page advises.
CASES = {
    "wrong password": ("Login", "Check user name and password"),
    "wrong TLS": ("TLS", "Check encryption, host name and certificate."),
    "refused sender": ("MAIL FROM", "refused sender refuses the sender: allow"),
    "dead host": ("Connect", "Check host, port (465, 587 or 2525; 25 is often blocked) and firewall."),
}


@pytest.mark.parametrize("case", CASES)
def test_a_test_says_which_step_failed(
    page: Page, look: Look, url: str, tls_files: TlsFiles, request: pytest.FixtureRequest, case: str
) -> None:
    peer = {"refused sender": "strict", "dead host": ""}.get(case, "provider")
    page.goto(f"{url}/servers")
    page.get_by_role("link", name="New", exact=True).click()
    add(
        page,
        name=case,
        port=request.getfixturevalue(peer).port if peer else request.getfixturevalue("closed_port"),
        authority="" if case == "wrong TLS" else tls_files.authority.read_text(),
        login="mary:wrong" if case == "wrong password" else "",
    )
    page.get_by_role("button", name="Test now").click()
    step, advice = CASES[case]
    verdict = page.locator("#result").get_by_role("status")
    expect(verdict).to_contain_text(f"{step} failed for")
    expect(verdict).to_contain_text(advice)
    look(f"/settings{page.url.partition('/settings')[2]}", f"server-test-{case.replace(' ', '-')}")
    archive(page, url, case)


def test_the_pages_of_servers(look: Look, page: Page, url: str, demo: Office) -> None:
    demo.add_server("Brevo with a filter that another server holds too", "--from-filter", "company-name.com", port=25)
    look("/settings/servers", "servers")
    look("/settings/servers/new?preset=amazon-ses", "server-new")
    page.goto(f"{url}/servers")
    page.get_by_role("link", name="Company mail", exact=True).click()
    path = page.url.removeprefix(demo.postroom.installation.url)
    look(path, "server")
    look(f"{path}/archive", "server-archive")
    archive(page, url, "Brevo with a filter that another server holds too")


def test_the_manuals_example_of_from_filtering_in_the_simulator(page: Page, url: str, look: Look) -> None:
    page.goto(f"{url}/route")
    page.get_by_label("Author").fill('"Mary" <test@example.com>')
    page.get_by_role("button", name="Show the way").click()
    verdict = page.locator(".headline-verdict").first
    expect(verdict).to_contain_text("no FROM filter holds test@example.com or its domain, every server has one")
    expect(verdict).to_contain_text('Recipients see "Mary" <notifications@company-name.com>')
    page.get_by_text("What if the servers were different?").click()
    page.get_by_label("FROM filter of Mailings").fill("example.com")
    page.get_by_role("button", name="Show the way").click()
    changed = page.locator("section", has=page.get_by_role("heading", name="With your changes"))
    expect(changed).to_contain_text("It leaves through Mailings, because its FROM filter holds the domain example.com.")
    expect(changed).to_contain_text("Recipients see the author's own address")
    look(page.url.partition("/settings/")[1] + page.url.partition("/settings/")[2], "simulator-what-if")
    page.get_by_role("link", name="Back to today's servers").click()
    expect(page.get_by_role("heading", name="With your changes")).to_have_count(0)


def test_the_simulator_at_first(look: Look) -> None:
    look("/settings/route", "simulator")
