"""Can an office set up its outgoing servers as the manual says, see what each test finds, and understand the choice?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Look
from tests.peers.aiosmtpd_server import Aiosmtpd, run_aiosmtpd
from tests.peers.certificates import TlsFiles
from tests.peers.postfix import Postfix, run_postfix, why_unavailable
from tests.stories.office import Office, Postroom

pytestmark = pytest.mark.story

WORKSPACE = "company-name"


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


def archive(page: Page, url: str, name: str) -> None:
    """So that later tests choose between the servers that were there."""
    page.goto(f"{url}/servers")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Archive").click()
    page.get_by_label("Type").fill(name)
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_role("heading", name="Archived")).to_be_visible()


def test_an_external_server_is_added_and_tested(page: Page, url: str, provider: Aiosmtpd, tls_files: TlsFiles) -> None:
    page.goto(f"{url}/servers")
    page.get_by_role("link", name="New").click()
    page.get_by_role("link", name="Brevo").click()
    expect(page.locator("[name=host]")).to_have_value("smtp-relay.brevo.com")
    page.locator("[name=encryption]").select_option("tls")
    expect(page.locator("[name=port]")).to_have_value("465")
    page.locator("[name=encryption]").select_option("starttls")
    page.locator("[name=from_filter]").fill("example.com, Brevo")
    expect(page.get_by_text("“Brevo” is neither a domain nor a complete address")).to_be_visible()
    fill(page, name="Brevo", from_filter="example.com", priority="5", host="localhost", port=str(provider.port))
    fill(page, username="mary", password="secret")
    page.get_by_text("Certificate, signatures and debugging").click()
    page.locator("[name=ca_certificate]").fill(tls_files.authority.read_text())
    page.get_by_role("button", name="Save and test the connection").click()
    page.get_by_label("Recipient that the server is asked about").fill("joe@customer.example.com")
    page.get_by_role("button", name="Test now").click()
    expect(page.get_by_text("The server would take mail from every address.")).to_be_visible()
    expect(page.get_by_text("That does not prove that mail arrives")).to_be_visible()
    assert provider.messages("joe@customer.example.com", count=0) == []
    archive(page, url, "Brevo")


CASES = {"wrong password": "Login", "wrong TLS": "TLS", "refused sender": "MAIL FROM", "dead host": "Connect"}


@pytest.fixture(params=CASES)
def bad_server(request: pytest.FixtureRequest, postroom: Postroom, tls_files: TlsFiles, tmp_path: Path) -> str:
    """The name of a server with which something is wrong: that name."""
    case = str(request.param)
    peer = {"refused sender": "strict", "dead host": ""}.get(case, "provider")
    port = request.getfixturevalue(peer).port if peer else request.getfixturevalue("closed_port")
    (tmp_path / "password").write_text("wrong")
    login = ["--username", "mary", "--password-file", str(tmp_path / "password")] if case == "wrong password" else []
    trust = [] if case == "wrong TLS" else ["--ca-file", str(tls_files.authority)]
    postroom.run(
        "server", "add", case, "--workspace", WORKSPACE, "--host", "localhost", "--port", str(port), "--priority", "90",
        "--from-filter", "example.com", *login, *trust,
    )  # fmt: skip
    return case


def test_a_test_says_which_step_failed(page: Page, look: Look, url: str, bad_server: str) -> None:
    page.goto(f"{url}/servers")
    page.get_by_role("link", name=bad_server, exact=True).click()
    page.get_by_role("link", name="Test Connection").click()
    page.get_by_role("button", name="Test now").click()
    verdict = page.locator("#result").get_by_role("status")
    expect(verdict).to_contain_text(f"{CASES[bad_server]} failed for")
    look(f"/settings{page.url.partition('/settings')[2]}", f"server-test-{bad_server.replace(' ', '-')}")
    archive(page, url, bad_server)


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
