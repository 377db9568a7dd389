"""Do people read and write in conversations, see whom a post did not reach, and put that right, click by click?"""

import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Look
from tests.stories.office import Office, Postroom
from tests.stories.threads import eventually

pytestmark = pytest.mark.story

LONG = "a-very-long-name-of-a-person.with-dots@a-quite-long-subdomain.customer-company.example.com"


def say(office: Office, path: str, body: Any) -> dict[str, Any]:
    answer = office.call("POST", path, body)
    assert answer.status == 200, answer
    return answer.body


@pytest.fixture(scope="module")
def record(demo: Office) -> int:
    """A lead that Mary and others follow, with a note, a file, and mail that a server refused."""
    say(demo, "/record-types", {"key": "crm.lead", "label": "Lead", "subtypes": [{"key": "stage", "label": "Stage"}]})
    asked = {"type": "crm.lead", "external_id": "42", "name": "Roof of Mary's house", "url": "https://crm.example/42"}
    id_ = int(say(demo, "/records", asked)["id"])
    say(demo, "/records", {"type": "crm.lead", "external_id": "43", "name": "حديقة السيدة ماري " + "and more " * 20})
    for contact in ('"Mary" <mary@customer.example.com>', "bounce-550@customer.example.com", LONG):
        say(demo, f"/records/{id_}/followers", {"contact": contact})
    admin = {"user": "admin@company-name.com"}
    say(demo, f"/records/{id_}/posts", {"author": admin, "kind": "note", "text": "She pays late."})
    file = {"filename": "offer with a rather long name for a file.pdf", "content": "JVBERi0xLjc="}
    html = "<p>Dear Mary,</p><ul><li>the roof</li><li>the <b>gutters</b></li></ul>"
    say(demo, f"/records/{id_}/posts", {"author": admin, "html": html, "attachments": [file], "cc": [LONG]})
    return id_


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/records", "conversations"),
        ("/records?text=nowhere", "conversations-none"),
        ("/records/{id}/followers", "followers"),
        ("/records/{id}/merge", "merge"),
        ("/inbox", "inbox-none"),
        ("/contacts", "contacts"),
        ("/settings/receiving", "receiving"),
        ("/installation/mail", "nobodys-mail-none"),
        ("/profile", "profile-told"),
        ("/settings/incoming-servers", "incoming-servers-none"),
        ("/settings/incoming-servers/new", "incoming-server-new"),
    ],
)
def test_the_pages_look_right(look: Look, record: int, path: str, name: str) -> None:
    look(path.format(id=record), name)


def test_marys_answer_is_seen_in_the_inbox_of_who_follows(
    page: Page, look: Look, postroom: Postroom, demo: Office, record: int
) -> None:
    page.clock.install()
    page.get_by_role("link", name="Inbox").click()
    page.get_by_role("link", name="How you are told").first.click()
    page.get_by_label("Conversations that you follow").select_option("Tell me here, in my inbox")
    page.get_by_label("Mail me each morning what waits in my inbox").check()
    page.get_by_role("button", name="Save").click()
    say(demo, f"/records/{record}/followers", {"user": "admin@company-name.com"})
    page.goto(f"{postroom.installation.url}/records/{record}")
    reply_address = page.get_by_text(re.compile(r"^reply\+[0-9a-f]+@company-name\.com$")).inner_text()
    answer = (
        f"From: Mary <mary@customer.example.com>\r\nTo: {reply_address}\r\nSubject: Re: Roof of Mary's house\r\n"
        "Message-ID: <call@customer.example.com>\r\n\r\nPlease call me.\r\n"
    )
    taken = demo.call(
        "POST", f"/inbound?recipient={quote(reply_address)}", answer.encode(), Content_Type="message/rfc822"
    )
    assert taken.status == 202, taken
    unread = page.locator("#unread")
    posts = f"/records/{record}/posts"
    eventually(lambda: "Please call me." in str(demo.call("GET", posts).body), what="Mary's answer")
    page.clock.fast_forward("00:31")  # without a new page: it asks every half minute
    expect(unread).to_contain_text("1")
    look("/inbox", "inbox")
    page.get_by_role("link", name="Inbox").click()
    page.get_by_role("link", name="Roof of Mary's house").click()
    expect(page.locator("article.post").first).to_contain_text("Please call me.")
    expect(unread).not_to_contain_text("1")


def test_a_refused_copy_turns_the_envelope_red_and_is_tried_again(
    page: Page, look: Look, postroom: Postroom, record: int
) -> None:
    page.goto(f"{postroom.installation.url}/records/{record}")
    red = page.locator("details.envelope-of", has_text="not delivered").first
    expect(red).to_be_visible()
    look(f"/records/{record}", "conversation")
    red.locator("summary").click()
    refused = red.locator("li", has_text="bounce-550@customer.example.com")
    expect(refused).to_contain_text("bounced")
    refused.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("bounce-550@customer.example.com is tried once more.")).to_be_visible()
    red = page.locator("details.envelope-of", has_text="not delivered").first
    expect(red).to_be_visible()
    red.locator("summary").click()
    red.locator("li", has_text="bounce-550").get_by_role("button", name="Ignore").click()
    expect(page.get_by_text("It is left as it is.")).to_be_visible()


def test_what_is_written_says_first_as_whom_it_leaves(page: Page, look: Look, postroom: Postroom, record: int) -> None:
    page.goto(f"{postroom.installation.url}/records/{record}")
    told = page.locator("#leaves-as")
    expect(told).to_contain_text("admin@company-name.com")
    page.get_by_label("To, besides the followers").fill("joe@customer.example.com")
    expect(told).to_contain_text("joe@customer.example.com")
    expect(told).to_contain_text(re.compile(r"reply\+[0-9a-f]+@company-name\.com"))
    page.get_by_label("Internal note, for users alone").check()
    expect(told).to_contain_text("nobody")
    page.get_by_label("Message", exact=True).check()
    send = page.get_by_role("button", name="Send")
    place = send.bounding_box()
    expect(told).to_contain_text("joe@customer.example.com")
    assert send.bounding_box() == place  # what is told grew; it did not push the button away from under the pointer
    page.get_by_label("Text").fill("The roof is done.")
    send.click()
    expect(page.locator("article.post").first).to_contain_text("The roof is done.")


def test_posts_are_moved_by_ticking_them(page: Page, look: Look, postroom: Postroom, record: int) -> None:
    page.goto(f"{postroom.installation.url}/records/{record}")
    page.locator("article.post", has_text="She pays late.").get_by_label("Tick to move this post").check()
    page.get_by_role("button", name="Move ticked posts").click()
    look(re.sub(r"^https?://[^/]+", "", page.url), "move-posts")
    page.get_by_label("Name of the new conversation").fill("Payments")
    page.get_by_role("button", name="Split off").click()
    expect(page.get_by_role("heading", name="Payments")).to_be_visible()
    expect(page.get_by_text("Moved here from")).to_be_visible()


def test_mail_of_the_desk_is_made_a_record(
    page: Page, look: Look, postroom: Postroom, demo: Office, record: int
) -> None:
    raw = (
        "From: Mary <mary@customer.example.com>\r\nTo: news@company-name.com\r\nSubject: My gutters\r\n"
        "Message-ID: <gutters@customer.example.com>\r\nContent-Type: text/html\r\n\r\n<p>They <b>leak</b>.\r\n"
    )
    answer = demo.call("POST", "/inbound?recipient=news@company-name.com", raw.encode(), Content_Type="message/rfc822")
    assert answer.status == 202, answer
    link = page.get_by_role("link", name="My gutters")
    eventually(lambda: demo.call("GET", "/inbound/desk").body["messages"], what="mail on the desk")
    page.goto(f"{postroom.installation.url}/desk")
    look("/desk", "desk")
    link.click()
    look(re.sub(r"^https?://[^/]+", "", page.url) + "?text=Roof", "desk-mail")
    page.get_by_label("Name", exact=True).fill("Mary's gutters")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Mary's gutters")).to_be_visible()
    expect(page.locator("article.post")).to_contain_text("They leak.")
    look("/desk/rules", "desk-rules")
