"""Is a copied installation told from the original on every page, and does its mail leave once its owner says so?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import database
from tests.browser.chromium import look_at, open_window
from tests.browser.conftest import facts_of
from tests.installation import Installation
from tests.peers.aiosmtpd_server import Aiosmtpd, run_aiosmtpd
from tests.peers.certificates import TlsFiles
from tests.stories.office import Office, Postroom
from tests.stories.shell import open_shell

pytestmark = pytest.mark.story

HOME, HERE = "https://mail.company-name.com", "http://trial.company-name.com"
BANNER = "Capture mode: nothing leaves this installation."


@pytest.fixture
def provider(tls_files: TlsFiles) -> Iterator[Aiosmtpd]:
    with run_aiosmtpd(tls=tls_files, replies={}, accounts={}, max_message_bytes=10_000, max_recipients=10) as server:
        yield server


@pytest.fixture
def copy(tmp_path: Path, provider: Aiosmtpd) -> Iterator[Office]:
    """The sample workspace with a real server, found at another address than the one its data belongs to."""
    with database.new_database(migrated=True) as url:
        installation = Installation.in_folder(tmp_path, POSTROOM_DATABASE_URL=url, POSTROOM_URL=HERE)
        assert HOME in installation.run("release", POSTROOM_URL=HOME).stdout
        with installation.serving() as served, open_shell(installation.environ) as shell:
            served.wait_healthy()
            postroom = Postroom(installation, shell)
            postroom.run("demo")
            office = Office(postroom, "company-name", facts_of(postroom)["api_key"])
            office.add_server("Real server", "--from-filter", "example.com", port=provider.port)
            yield office


@pytest.fixture
def page(chromium: Browser, copy: Office) -> Iterator[Page]:
    facts, url = facts_of(copy.postroom), copy.postroom.installation.url
    with open_window(chromium) as window:
        window.page.goto(f"{url}/login")
        window.page.get_by_label("E-mail address").fill(facts["admin_email"])
        window.page.get_by_label("Password").fill(facts["admin_password"])
        window.page.get_by_role("button", name="Sign in").click()
        window.page.wait_for_url(lambda url: "/login" not in url)
        yield window.page


def post(copy: Office, recipient: str) -> None:
    report = copy.settled(copy.post(from_='"Test" <test@example.com>', to=[recipient])["id"])
    assert report["deliveries"][0]["status"] == "sent"


def test_a_copy_lets_nothing_out_until_its_owner_types_its_address(
    page: Page, chromium: Browser, copy: Office, provider: Aiosmtpd
) -> None:
    url = copy.postroom.installation.url
    post(copy, "held-back@customer.example.com")
    page.goto(f"{url}/capture")
    expect(page.get_by_role("row", name="held-back@customer.example.com")).to_be_visible()
    expect(page.get_by_text(BANNER)).to_be_visible()
    state = page.context.storage_state()
    look_at(chromium, f"{url}/messages", name="capture-mode", signed_in=state)
    look_at(chromium, f"{url}/settings/release", name="release", signed_in=state)
    page.get_by_role("link", name="Release the mail").click()
    expect(page.get_by_text(f"The data belongs to {HOME}")).to_be_visible()
    page.get_by_label("Type").fill("yes")
    page.get_by_role("button", name="Release the mail").click()
    expect(page.get_by_text("or leave everything as it is")).to_be_visible()
    page.get_by_label("Type").fill(HERE)
    page.get_by_role("button", name="Release the mail").click()
    expect(page.get_by_text("Mail leaves from here now.")).to_be_visible()
    expect(page.get_by_text(BANNER)).to_have_count(0)
    post(copy, "let-out@customer.example.com")
    assert provider.messages("let-out@customer.example.com")
    assert provider.messages("held-back@customer.example.com", count=0) == []
