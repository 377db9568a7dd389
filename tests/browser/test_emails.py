"""Do people find their mail, steer it and take that back, click by click?"""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.chromium import open_window
from tests.browser.conftest import Look
from tests.stories.office import Office, Postroom

pytestmark = pytest.mark.story

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def waiting(demo: Office) -> list[str]:
    """Three quotations that leave tomorrow, and one that was refused; their ids."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    mary = '"Mary" <mary@company-name.com>'
    posted = [
        demo.post(
            from_=mary, to=[f"customer{number}@example.com"], subject=f"Quotation S0003{number}", tags=["quotation"],
            scheduled_at=tomorrow, html='<p>Hello <img src="https://tracker.example/x.png" alt="logo">',
        )
        for number in range(3)
    ]  # fmt: skip
    refused = demo.settled(demo.post(from_=mary, to=["bounce-550@example.com"], subject="Quotation S00034")["id"])
    return [message["id"] for message in [*posted, refused]]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/messages?status=queued&tag=quotation", "emails-filtered"),
        ("/messages/steer?action=cancel&tag=quotation", "emails-steer"),
        ("/messages/steered?action=cancel&tag=quotation&total=12", "emails-steered"),
        ("/suppressed", "suppressed-none"),
        ("/settings/local-part-values", "local-part-values"),
    ],
)
def test_the_pages_look_right(look: Look, waiting: list[str], path: str, name: str) -> None:
    look(path, name)


def test_quotations_are_held_released_and_canceled_by_filter(
    page: Page, postroom: Postroom, waiting: list[str]
) -> None:
    page.goto(f"{postroom.installation.url}/messages")
    page.get_by_label("Tag").fill("quotation")
    page.locator("form.filters").get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Hold").click()
    expect(page.get_by_text("3 deliveries will wait until a person releases them.")).to_be_visible()
    page.get_by_role("button", name="Hold").click()
    expect(page.get_by_text("3 deliveries are held.")).to_be_visible()
    page.get_by_label("Tick “Quotation S00031”").check()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile("1 delivery that has not left will be taken back"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("1 delivery is restored.")).to_be_visible()


def test_a_refused_message_is_sent_again_and_its_address_suppressed(
    page: Page, postroom: Postroom, waiting: list[str]
) -> None:
    page.goto(f"{postroom.installation.url}/messages/{waiting[3]}")
    page.get_by_role("button", name="Suppress the address").click()
    expect(page.get_by_role("button", name="Release the address")).to_be_visible()
    page.get_by_role("button", name="Release the address").click()
    page.get_by_text("Choose who gets it again").click()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("this is the new one")).to_be_visible()
    assert waiting[3] not in page.url


def test_remote_images_are_asked_for_only_when_a_person_wants_it(
    chromium: Browser, postroom: Postroom, signed_in: StorageState, waiting: list[str]
) -> None:
    with open_window(chromium, signed_in=signed_in) as window:
        page = window.page
        page.route("https://tracker.example/**", lambda route: route.fulfill(content_type="image/png", body=PIXEL))
        page.goto(f"{postroom.installation.url}/messages/{waiting[0]}", wait_until="networkidle")
        expect(page.frame_locator("#look").get_by_text("Hello")).to_be_visible()
        assert page.frame_locator("#look").get_by_role("img").evaluate("img => img.naturalWidth") == 0
        window.complaints.clear()  # Chromium tells that it was blocked
        page.get_by_role("link", name="Load them").click()
        page.wait_for_load_state("networkidle")
        assert page.frame_locator("#look").get_by_role("img").evaluate("img => img.naturalWidth") == 1
