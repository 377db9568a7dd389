"""Which Postroom do people look at in these tests, and with what?"""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests import database
from tests.browser.chromium import Window, look_through, open_chromium, open_window
from tests.installation import Installation
from tests.peers.programs import explain_missing
from tests.stories.office import Office, Postroom
from tests.stories.shell import open_shell

Look = Callable[[str, str], None]


@pytest.fixture(scope="package")
def postroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postroom]:
    """With the sample workspace, whose mail ends in the capture server."""
    with database.new_database(migrated=True) as url:
        installation = Installation.in_folder(tmp_path_factory.mktemp("home"), POSTROOM_DATABASE_URL=url)
        with installation.serving() as served, open_shell(installation.environ) as shell:
            served.wait_healthy()
            postroom = Postroom(installation, shell)
            postroom.run("demo")
            yield postroom


@pytest.fixture(scope="package")
def demo(postroom: Postroom) -> Office:
    """The sample workspace."""
    return Office(postroom, "company-name", facts_of(postroom)["api_key"])


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    # Not for the whole session: while Playwright runs, its event loop keeps Django's tests from the database.
    if why := explain_missing("chromium"):
        pytest.skip(why)
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def signed_in(chromium: Browser, postroom: Postroom) -> StorageState:
    """The cookies of the sample workspace's administrator."""
    facts = facts_of(postroom)
    with open_window(chromium) as window:
        sign_in(window.page, postroom.installation.url, facts["admin_email"], facts["admin_password"])
        window.page.wait_for_url(lambda url: "/login" not in url)
        return window.page.context.storage_state()


@pytest.fixture
def page(chromium: Browser, postroom: Postroom, signed_in: StorageState) -> Iterator[Page]:
    """A window at a desk in which the administrator is signed in; the test fails when the browser complains."""
    with open_window(chromium, signed_in=signed_in) as window:
        window.page.goto(postroom.installation.url)
        yield window.page


@pytest.fixture(scope="package")
def show_window(chromium: Browser, signed_in: StorageState) -> Iterator[Window]:
    """The administrator's, only for looking: one for all pages, as it keeps what they share."""
    with open_window(chromium, signed_in=signed_in) as window:
        yield window


@pytest.fixture
def look(show_window: Window, postroom: Postroom) -> Look:
    """look(path, name): see `look_at`, as the administrator."""
    show_window.complaints.clear()  # those of a page that another test failed over
    return lambda path, name: look_through(show_window, postroom.installation.url + path, name=name)


def facts_of(postroom: Postroom) -> dict[str, str]:
    facts: dict[str, str] = json.loads((postroom.installation.home / "demo.json").read_text())
    return facts


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """Ask to be let in; what comes next, a page or the question for a code, is not waited for."""
    page.goto(f"{url}/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
