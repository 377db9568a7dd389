"""Takes the pictures of docs/tour.md; run it by name when the pages have changed: `pytest tests/browser/tour.py`."""

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import ROOT
from tests.stories.office import Office

pytestmark = pytest.mark.story

PICTURES = ROOT / "docs/tour"
MAX_BYTES = 120_000
STOPS = {
    "home": "/",
    "email": "",  # of the message that bounced
    "general-settings": "/settings/general",
    "alias-domain": "/settings/alias-domains",
    "route-simulator": "/settings/route?author=test%40example.com",
    "monitor": "/monitor",
}


@pytest.mark.parametrize("name", STOPS)
def test_takes_a_picture(page: Page, demo: Office, name: str) -> None:
    url, mary = demo.postroom.installation.url, '"Mary Smith" <mary@company-name.com>'
    recipients = ["customer@example.com", "bounce-550@example.com"]
    posted = demo.settled(demo.post(from_=mary, to=recipients, subject="Your invoice INV/2026/00042")["id"])
    page.set_viewport_size({"width": 1080, "height": 540})
    page.goto(url + (STOPS[name] or f"/messages/{posted['id']}"))
    if name == "alias-domain":
        page.get_by_role("link", name="company-name.com", exact=True).click()
    page.wait_for_load_state("networkidle")
    PICTURES.mkdir(exist_ok=True)
    picture = page.screenshot(path=PICTURES / f"{name}.png")
    assert len(picture) < MAX_BYTES, f"{name} has {len(picture)} bytes; show less"
