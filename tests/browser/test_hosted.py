"""Are the pages of a hosted platform, of accounts and of the steps to a server fit to be used?"""

import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import database
from tests.browser.chromium import look_at, open_window
from tests.browser.conftest import Look, facts_of
from tests.installation import Installation
from tests.stories.office import Office, Postroom
from tests.stories.shell import open_shell


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postroom]:
    """A hosted platform with a few workspaces; nothing leaves it."""
    with database.new_database(migrated=True) as url:
        installation = Installation.in_folder(
            tmp_path_factory.mktemp("platform"), POSTROOM_DATABASE_URL=url, POSTROOM_HOSTED="yes"
        )
        with installation.serving() as served, open_shell(installation.environ) as shell:
            served.wait_healthy()
            postroom = Postroom(installation, shell)
            postroom.run("demo")
            for number in range(5):
                postroom.run("workspace", "add", f"customer-{number}", "--company", f"Customer {number} & Sons")
            long = "a-workspace-with-a-name-as-long-as-a-label-of-the-dns-may-be-63"
            postroom.run("workspace", "add", long, "--company", "A company with a very long name that goes on and on")
            postroom.run("platform", "allow", "company-name", "--plan", "Standard", "--feature", "mailings")
            postroom.run("platform", "suspend", "customer-3", "--reason", "Complaints about spam since Monday.")
            postroom.run("platform", "administrator", "admin@company-name.com")
            yield postroom


@pytest.fixture
def administrator(chromium: Browser, platform: Postroom) -> Iterator[Page]:
    facts = facts_of(platform)
    with open_window(chromium) as window:
        window.page.goto(f"{platform.installation.url}/login")
        window.page.get_by_label("E-mail address").fill(facts["admin_email"])
        window.page.get_by_label("Password").fill(facts["admin_password"])
        window.page.get_by_role("button", name="Sign in").click()
        window.page.wait_for_url(lambda url: "/login" not in url)
        yield window.page


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/platform", "platform"),
        ("/platform/plans", "platform-plans"),
        ("/platform/plans/0", "platform-plan"),
        ("/platform/oauth", "platform-oauth-apps"),
        ("/platform/oauth/google", "platform-oauth-app"),
        ("/platform/dns", "platform-dns"),
        ("/platform/audit-log", "platform-audit-log"),
        ("/platform/dns", "platform-zone"),
    ],
)
def test_the_pages_of_the_platforms_administrators(
    administrator: Page, chromium: Browser, platform: Postroom, path: str, name: str
) -> None:
    state = administrator.context.storage_state()
    look_at(chromium, platform.installation.url + path, name=name, signed_in=state)


@pytest.mark.parametrize(("workspace", "button"), [("Customer 3", "Resume"), ("My Company", "Suspend")])
def test_the_page_of_a_workspace(
    administrator: Page, chromium: Browser, platform: Postroom, workspace: str, button: str
) -> None:
    administrator.goto(f"{platform.installation.url}/platform")
    administrator.locator("table").get_by_role("link", name=workspace).first.click()
    expect(administrator.get_by_role("button", name=f"{button} the workspace")).to_be_visible()
    state = administrator.context.storage_state()
    look_at(chromium, administrator.url, name=f"platform-workspace-{button.lower()}", signed_in=state)


def test_a_suspended_workspace_is_told_on_every_page(
    administrator: Page, chromium: Browser, platform: Postroom
) -> None:
    platform.run("platform", "suspend", "company-name", "--reason", "The last invoice is not paid.")
    state = administrator.context.storage_state()
    look_at(chromium, f"{platform.installation.url}/", name="suspended", signed_in=state)
    platform.run("platform", "resume", "company-name")


def test_signing_up(chromium: Browser, platform: Postroom) -> None:
    url = platform.installation.url
    look_at(chromium, f"{url}/sign-up", name="sign-up")
    with open_window(chromium) as window:
        window.page.goto(f"{url}/login")
        window.page.get_by_role("link", name="Open a workspace").click()
        window.page.get_by_label("Your e-mail address").fill("new@customer.example.com")
        window.page.get_by_role("button", name="Send the link").click()
        expect(window.page.get_by_text("A link is on its way to new@customer.example.com")).to_be_visible()
    link = mailed_link(platform)
    look_at(chromium, url + link, name="sign-up-finish")
    look_at(chromium, f"{url}/sign-up/spent", name="sign-up-spent", status=404)


def mailed_link(platform: Postroom) -> str:
    """Where the last mail to somebody who signs up leads."""
    with psycopg.connect(platform.installation.environ["POSTROOM_DATABASE_URL"]) as database:
        bodies = database.execute("SELECT body FROM outbound_messagecontent").fetchall()
    text = b"\n".join(bytes(body) for (body,) in bodies).replace(b"=\r\n", b"").decode()
    return re.findall(r"/sign-up/[\w-]+", text)[-1]


def test_an_account_that_is_not_connected(chromium: Browser, platform: Postroom) -> None:
    """Whoever follows the end of somebody else's sign-in is told so, signed in or not."""
    url = f"{platform.installation.url}/oauth/google/confirm?state=of-somebody-else&code=x"
    look_at(chromium, url, name="oauth-failed", status=400)


@pytest.fixture
def url(demo: Office) -> str:
    return demo.postroom.installation.url


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/settings/servers/set-up", "set-up"),
        ("/settings/servers/set-up/new/amazon-ses", "set-up-new"),
        ("/mailbox", "mailbox-new"),
        ("/settings/oauth", "oauth-apps"),
        ("/settings/oauth/microsoft", "oauth-app"),
    ],
)
def test_pages_at_first(look: Look, path: str, name: str) -> None:
    look(path, name)


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Go on").click()


@pytest.fixture
def begun(page: Page, url: str) -> str:
    """The path of a server that is being set up."""
    page.goto(f"{url}/settings/servers")
    page.get_by_role("link", name="Step by step").click()
    page.locator(".choices").get_by_role("link", name="Mailjet").click()
    page.get_by_label("Username").fill("mary")
    page.get_by_label("Password").fill("secret")
    go_on(page)
    expect(page.get_by_role("button", name="Test now")).to_be_visible()
    path = page.url.removeprefix(url).removesuffix("/test")
    page.get_by_role("link", name="Go on").click()
    page.get_by_label("FROM Filtering").fill("company-name.com, elsewhere.example")
    go_on(page)
    return path


@pytest.mark.parametrize("step", ["test", "filter", "records"])
def test_the_steps_to_a_server(look: Look, begun: str, step: str) -> None:
    look(f"{begun}/{step}", f"set-up-{step}")


def test_a_mailbox_of_ones_own_and_an_account_to_connect(page: Page, look: Look, url: str) -> None:
    page.goto(f"{url}/mailbox")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your mailbox is not connected yet.")).to_be_visible()
    look("/mailbox", "mailbox")
    page.goto(f"{url}/mailbox/remove")
    page.get_by_label("Type").fill("admin@company-name.com")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("leaves through the workspace's servers again")).to_be_visible()
