"""Is the image put where mail programs show it, and is a machine that fetches it known for one?"""

from datetime import timedelta

import pytest

from postroom.policy.opens import add_image, follows, may_be_machine

LATER = timedelta(hours=1)
THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.2.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
IMAGE = '<img src="https://m.example/x.gif" width="1" height="1" alt="">'


@pytest.mark.parametrize(
    ("html", "with_image"),
    [
        ("<p>Hello", f"<p>Hello{IMAGE}"),
        ("<html><body><p>Hello</body></html>", f"<html><body><p>Hello{IMAGE}</body></html>"),
        ("<BODY>Hello</BODY >\n", f"<BODY>Hello{IMAGE}</BODY >\n"),
        ("<pre>&lt;/body></body> quoted</body>", f"<pre>&lt;/body></body> quoted{IMAGE}</body>"),
    ],
)
def test_the_image_is_the_last_thing_in_the_body(html: str, with_image: str) -> None:
    assert add_image(html, "https://m.example/x.gif") == with_image


@pytest.mark.parametrize(
    ("user_agent", "after", "is_machine"),
    [
        (THUNDERBIRD, LATER, False),
        (THUNDERBIRD, timedelta(seconds=1), True),
        ("Mozilla/5.0", LATER, True),
        (GMAIL, LATER, True),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", LATER, True),
        ("curl/8.5.0", LATER, True),
        ("", LATER, True),
    ],
)
def test_knows_who_may_be_a_machine(user_agent: str, after: timedelta, is_machine: bool) -> None:
    assert may_be_machine(user_agent, after=after) is is_machine


@pytest.mark.parametrize(
    ("wish", "mass", "transactional"), [("none", False, False), ("mass", True, False), ("all", True, True)]
)
def test_follows_the_mail_that_the_workspace_chose(wish: str, mass: bool, transactional: bool) -> None:
    assert (follows(wish, is_mass=True), follows(wish, is_mass=False)) == (mass, transactional)
