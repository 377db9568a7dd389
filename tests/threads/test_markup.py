"""Does foreign HTML lose what runs, hides or loads, and keep what it says?"""

import pytest

from postroom.threads.markup import clean_for_mail, clean_for_page
from tests.threads.desk import Desk, text_of, waiting


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<p>The <b>roof</b></p>", "<p>The <b>roof</b></p>"),
        ('<p style="color:red" class="x" id="main">a</p>', "<p>a</p>"),
        ("<script>alert(1)</script><style>p{}</style>a", "a"),
        ('<a href="javascript:x()">a</a>', '<a rel="noopener noreferrer nofollow">a</a>'),
        ('<img src="https://tracker.example/x.png">a', "a"),
        ('<form action="/logout" method="post"><button>a</button></form>', "a"),
        ("<div><ul><li>a", "<div><ul><li>a</li></ul></div>"),
    ],
)
def test_a_page_holds_the_words_of_a_post_alone(html: str, kept: str) -> None:
    assert clean_for_page(html) == kept


def test_mail_keeps_colours_and_its_own_pictures_and_nothing_that_hides() -> None:
    html = '<p style="color: red; position: fixed; display: none"><img src="cid:logo" alt="Logo" onerror="x()">a</p>'
    assert clean_for_mail(html) == '<p style="color:red"><img src="cid:logo" alt="Logo">a</p>'


@pytest.mark.parametrize("opened", ["<!-- ", '<div style="display:none">', "<title>", "<textarea>", "<style>"])
def test_the_unfollow_link_cannot_be_swallowed(desk: Desk, opened: str) -> None:
    lead = desk.add_record()
    desk.follow(lead, desk.add_user("Ann"))
    desk.write(lead, html=f"<p>Hello</p>{opened}", text=None)
    (mail,) = waiting()
    page = text_of(mail, "html")
    assert "Hello" in page
    assert opened not in page
    assert ">Unfollow</a>" in page
