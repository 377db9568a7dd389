"""Does every page look as it should: at a desk, on a phone, light and dark, empty and overfull, for everybody?"""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import PHONE, look_at, open_window
from tests.browser.conftest import Look
from tests.stories.office import Office, Postroom, Report

pytestmark = pytest.mark.story

LONG = "a-very-long-name-of-a-person.with-dots@a-quite-long-subdomain.customer-company.example.com"


@pytest.fixture(scope="package")
def messages(demo: Office) -> list[Report]:
    """Ordinary ones, a refused one, one to forty, one written from right to left."""
    mary = '"Mary Smith" <mary@company-name.com>'
    many = [f"customer{number}@example.com" for number in range(40)]
    posted = [
        demo.post(from_=mary, to=[LONG], subject="Your invoice INV/2026/00042 " + "and what it is about " * 8),
        demo.post(from_=mary, to=["bounce-550@example.com"], subject="Quotation S00031"),
        demo.post(from_='"Bob" <bob@elsewhere.example.org>', to=many, subject="فاتورة رقم 1042", html="<p>Hello"),
    ]
    return [demo.settled(message["id"]) for message in posted]


def test_the_sign_in_page(chromium: Browser, postroom: Postroom) -> None:
    look_at(chromium, f"{postroom.installation.url}/login", name="sign-in")


def test_the_list_of_emails(look: Look, messages: list[Report]) -> None:
    look("/messages", "emails")
    look("/messages?text=nowhere", "emails-none")


def test_an_email(look: Look, messages: list[Report]) -> None:
    look(f"/messages/{messages[0]['id']}", "email")
    look(f"/messages/{messages[1]['id']}", "email-bounced")


def test_captured_mail(look: Look, page: Page, postroom: Postroom, messages: list[Report]) -> None:
    look("/capture", "capture")
    page.goto(f"{postroom.installation.url}/capture")
    link = page.locator("td.main a").first.get_attribute("href")
    assert link
    look(link, "captured")


def test_a_missing_page(chromium: Browser, postroom: Postroom) -> None:
    with open_window(chromium) as window:
        window.page.goto(f"{postroom.installation.url}/nowhere")
        expect(window.page.get_by_role("heading", name="There is no such page")).to_be_visible()
        window.complaints.clear()  # Chromium counts the 404 itself as an error


def test_the_menu_of_a_phone_opens_and_closes(chromium: Browser, postroom: Postroom, signed_in: object) -> None:
    with open_window(chromium, size=PHONE, signed_in=signed_in) as window:
        window.page.goto(f"{postroom.installation.url}/messages")
        capture = window.page.get_by_role("link", name="Capture")
        expect(capture).to_be_hidden()
        window.page.get_by_role("button", name="Menu").click()
        expect(capture).to_be_visible()
        window.page.keyboard.press("Escape")
        expect(capture).to_be_hidden()


def test_the_switch_of_developer_mode_is_always_in_sight(page: Page) -> None:
    switch = page.get_by_role("button", name="Developer mode")
    page.set_viewport_size({"width": 1440, "height": 500})
    expect(switch).to_be_in_viewport(ratio=1)


def test_the_menu_shows_the_page_that_is_open(page: Page, postroom: Postroom) -> None:
    page.set_viewport_size({"width": 1440, "height": 500})
    page.goto(f"{postroom.installation.url}/settings/audit-log")
    expect(page.get_by_role("link", name="Audit log")).to_be_in_viewport(ratio=1)


def test_a_person_gets_everywhere_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_language_changes_where_one_is(page: Page, postroom: Postroom) -> None:
    page.goto(f"{postroom.installation.url}/capture")
    page.locator("summary", has_text="Language").click()
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("link", name="E-mails")).to_be_visible()
    assert page.url.endswith("/capture")
    page.locator("summary", has_text="Langue").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name=re.compile("Emails"))).to_be_visible()


def test_home(look: Look, messages: list[Report]) -> None:
    look("/", "home")


@pytest.mark.parametrize(
    "path",
    [
        "/profile", "/profile/password", "/profile/second-factor", "/profile/sessions", "/settings/users",
        "/settings/users/1/remove", "/settings/audit-log",
    ],
)  # fmt: skip
def test_account_and_people(look: Look, path: str) -> None:
    look(path, path.strip("/").replace("/", "-"))


@pytest.mark.parametrize("path", ["/password/forgotten", "/password/new/x/x"])
def test_a_new_password(chromium: Browser, postroom: Postroom, path: str) -> None:
    look_at(chromium, postroom.installation.url + path, name=path.strip("/").replace("/", "-"))
