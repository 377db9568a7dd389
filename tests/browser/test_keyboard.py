"""Is mail found, steered and answered by keyboard alone, where one is always in sight, and fit to be printed?"""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import SCREENSHOTS
from tests.stories.office import Office, Postroom

pytestmark = pytest.mark.story

MOST_TABS = 1_000  # a list that renews itself under way takes the focus back to its beginning
# What has the focus, unless it is seen to have it; a frame shows its own.
HIDDEN_FOCUS = """() => {
    const here = document.activeElement;
    if (!here || here === document.body || here.tagName === "IFRAME") return "";
    const {outlineStyle, outlineWidth, boxShadow} = getComputedStyle(here);
    const isSeen = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
    return isSeen ? "" : here.outerHTML.slice(0, 200);
}"""
# What stands on paper for each moment, in place of "2 h ago".
PRINTED_TIMES = """times => times.map(one => {
    const words = getComputedStyle(one).fontSize === "0px" ? "" : one.textContent;
    return words + getComputedStyle(one, "::after").content;
})"""


@pytest.fixture(scope="module")
def message(demo: Office) -> str:
    """The id of a mail that leaves tomorrow."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    posted = demo.post(
        from_='"Mary" <mary@company-name.com>', to="joe@customer.example.com", subject="Invoice I00012",
        html="<p>Dear Joe, here is your invoice.", scheduled_at=tomorrow, tags=["keyboard"],
    )  # fmt: skip
    return str(posted["id"])


def walk_to(page: Page, there: Locator) -> None:
    """Tab until it has the focus; whatever has it on the way is seen to have it."""
    expect(there).to_be_visible()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        assert page.evaluate(HIDDEN_FOCUS) == ""
        if there.evaluate("here => here === document.activeElement"):
            return
    pytest.fail(f"the keyboard does not reach {there}")


def test_a_mail_is_found_ticked_held_and_opened(page: Page, postroom: Postroom, message: str) -> None:
    page.goto(f"{postroom.installation.url}/messages?tag=keyboard")
    walk_to(page, page.get_by_label("Tick “Invoice I00012”"))
    page.keyboard.press("Space")
    walk_to(page, page.get_by_role("button", name="Hold"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("will wait until a person releases")).to_be_visible()
    walk_to(page, page.get_by_role("button", name="Hold"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 delivery is held.")).to_be_visible()
    walk_to(page, page.get_by_role("link", name="Invoice I00012"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Invoice I00012")).to_be_visible()
    release = page.get_by_role("button", name="Release", exact=True)
    walk_to(page, release)
    page.keyboard.press("Enter")
    expect(release).to_have_count(0)


def test_servers_are_put_in_order_by_number_and_the_simulator_asked(page: Page, postroom: Postroom) -> None:
    page.goto(f"{postroom.installation.url}/settings/servers")
    number = page.get_by_label("Priority of").first
    before = number.input_value()
    walk_to(page, number)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Priority of").first).not_to_have_value(before)
    page.goto(f"{postroom.installation.url}/settings/route")
    walk_to(page, page.get_by_label("Author"))
    page.keyboard.type("test@example.com")
    walk_to(page, page.get_by_role("button", name="Show the way"))
    page.keyboard.press("Enter")
    expect(page.locator(".headline-verdict").first).to_contain_text("test@example.com")


def test_an_entry_of_a_from_filter_is_added_and_taken_out(page: Page, postroom: Postroom) -> None:
    page.goto(f"{postroom.installation.url}/settings/servers/new")
    field = page.get_by_label("FROM Filtering")
    walk_to(page, field)
    page.keyboard.type("example.com, test@example.com")
    out = page.get_by_role("button", name="Take example.com out")
    walk_to(page, out)
    page.keyboard.press("Enter")
    expect(out).to_have_count(0)
    expect(field).to_have_value("test@example.com")
    expect(field).to_be_focused()


def test_a_refused_mail_is_tried_again(page: Page, postroom: Postroom, demo: Office) -> None:
    refused = demo.settled(demo.post(from_="mary@company-name.com", to=["bounce-550@example.com"])["id"])
    page.goto(f"{postroom.installation.url}/messages/{refused['id']}")
    walk_to(page, page.get_by_role("button", name="Try again now"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 delivery is tried again.")).to_be_visible()


def test_a_conversation_is_answered(page: Page, postroom: Postroom, demo: Office) -> None:
    demo.call("POST", "/record-types", {"key": "task", "label": "Task"})
    record = demo.call("POST", "/records", {"type": "task", "external_id": "7", "name": "Gutters"}).body["id"]
    page.goto(f"{postroom.installation.url}/records/{record}")
    walk_to(page, page.get_by_label("Text"))
    page.keyboard.type("The gutters are clean.")
    walk_to(page, page.get_by_role("button", name="Send", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator("article.post").first).to_contain_text("The gutters are clean.")


def test_a_printed_message_is_the_message_without_what_is_for_the_screen(
    page: Page, postroom: Postroom, message: str
) -> None:
    page.goto(f"{postroom.installation.url}/messages/{message}", wait_until="networkidle")
    page.emulate_media(media="print")
    for shown in ("What became of it", "How it looks", "Headers as handed in", "Facts"):
        expect(page.get_by_role("heading", name=shown)).to_be_visible()
    expect(page.frame_locator("#look").get_by_text("here is your invoice")).to_be_visible()
    for printed in page.locator("main time").evaluate_all(PRINTED_TIMES):
        assert re.search(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d:\d\d", printed), printed
    expect(page.locator("nav:visible, button:visible, .btn:visible, input:visible")).to_have_count(0)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "message-print.png", full_page=True)
