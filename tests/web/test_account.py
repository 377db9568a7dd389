"""Can a person look after their own account, and nobody else?"""

import re
import time
from base64 import b32decode

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from postroom.outbound.models import Message
from postroom.rfc.totp import STEP_SECONDS, code_at
from postroom.web.models import SignedIn
from postroom.web.signed_in import name_of
from postroom.web.tasks import forget
from postroom.workspaces.models import SecondFactor, User, Workspace
from tests.web.samples import PASSWORD, make_member

NEW_PASSWORD = "another horse battery"
EMAIL = "mary@company-name.com"


@pytest.fixture
def person(workspace: Workspace) -> User:
    return make_member(workspace)


def sign_in(password: str = PASSWORD) -> tuple[Client, str]:
    """A browser, and where the sign-in led it; "" when it was refused."""
    browser = Client()
    answer = browser.post("/login", {"username": EMAIL, "password": password})
    return browser, answer.get("Location", "")


def code_of(user: User, *, ahead: int = 0) -> str:
    """What the app shows now, or that many steps later."""
    key = b32decode(SecondFactor.objects.get(user=user).secret)
    return code_at(key, int(time.time()) // STEP_SECONDS + ahead)


def turn_on(browser: Client, user: User) -> list[str]:
    """The recovery codes."""
    browser.get("/profile/second-factor")
    page = browser.post("/profile/second-factor", {"code": code_of(user), "do": "on"}).content.decode()
    return re.findall(r"(?:[0-9a-f]{4}-){3}[0-9a-f]{4}", page)


def reset_link() -> str:
    text = bytes(Message.objects.latest("created_at").content.body).decode().replace("=\r\n", "")
    found = re.search(r"/password/new/\S+", text)
    assert found, text
    return found[0]


def test_saves_what_a_person_says_of_themselves(person: User) -> None:
    browser, _ = sign_in()
    facts = {"name": "Mary", "language": "fr", "time_zone": "Europe/Paris", "theme": "dark", "way": "email"}
    page = browser.post("/profile", facts, follow=True).content.decode()
    assert 'data-bs-theme="dark"' in page
    assert "Europe/Paris" in page
    assert User.objects.get().language == "fr"


def test_refuses_a_time_zone_that_does_not_exist(person: User) -> None:
    browser, _ = sign_in()
    browser.post("/profile", {"time_zone": "Mars/Olympus", "theme": "auto"})
    assert User.objects.get().time_zone == "UTC"


def test_sends_a_link_that_gives_a_new_password_once(person: User) -> None:
    page = Client().post("/password/forgotten", {"email": EMAIL.upper()}).content.decode()
    assert "is on its way" in page
    link = reset_link()
    browser = Client()
    address = browser.get(link)["Location"]
    browser.post(address, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})
    assert sign_in(NEW_PASSWORD)[1]
    assert not sign_in()[1]
    assert "used already or is too old" in Client().get(link).content.decode()


def test_says_the_same_for_an_address_that_nobody_has(person: User) -> None:
    page = Client().post("/password/forgotten", {"email": "nobody@company-name.com"}).content.decode()
    assert "is on its way" in page
    assert not Message.objects.exists()


def test_sends_no_flood_of_links(person: User) -> None:
    for _ in range(7):
        Client().post("/password/forgotten", {"email": EMAIL})
    assert Message.objects.count() == 5


def test_changing_the_password_signs_out_every_other_browser(person: User) -> None:
    here, _ = sign_in()
    elsewhere, _ = sign_in()
    fields = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert here.post("/profile/password", fields)["Location"] == "/profile"
    assert here.get("/messages").status_code == 200
    assert elsewhere.get("/messages").status_code == 302
    assert "this browser" in here.get("/profile/sessions").content.decode()


def test_lists_browsers_and_signs_one_out(person: User) -> None:
    here, _ = sign_in()
    elsewhere, _ = sign_in()
    assert here.get("/profile/sessions").content.decode().count("<tr>") == 3
    other = SignedIn.objects.latest("id")
    here.post("/profile/sessions", {"session": other.pk})
    assert elsewhere.get("/messages").status_code == 302
    assert here.get("/messages").status_code == 200


def test_signs_out_nobody_else(person: User, outsider: Client) -> None:
    here, _ = sign_in()
    outsider.post("/profile/sessions", {"session": SignedIn.objects.get(user=person).pk})
    outsider.post("/profile/sessions", {"session": "others"})
    assert here.get("/messages").status_code == 200


def test_gets_a_new_session_at_sign_in(person: User) -> None:
    browser = Client()
    browser.get("/login")
    session = browser.session
    session["planted"] = True
    session.save()
    before = session.session_key
    browser.post("/login", {"username": EMAIL, "password": PASSWORD})
    assert browser.session.session_key != before


def test_asks_for_a_code_once_an_app_was_added(person: User) -> None:
    browser, _ = sign_in()
    assert len(set(turn_on(browser, person))) == 10
    second, leads_to = sign_in()
    assert leads_to == "/login/code"
    assert second.get("/messages").status_code == 302
    assert "This code is not right" in second.post("/login/code", {"code": "000000x"}).content.decode()
    assert second.post("/login/code", {"code": code_of(person, ahead=1)}).status_code == 302
    assert second.get("/messages").status_code == 200


def test_takes_no_code_a_second_time(person: User) -> None:
    browser, _ = sign_in()
    turn_on(browser, person)
    used = code_of(person)
    sign_in()[0].post("/login/code", {"code": used})  # refused too, unless half a minute began since it was turned on
    again, _ = sign_in()
    assert "This code is not right" in again.post("/login/code", {"code": used}).content.decode()


def test_takes_a_recovery_code_once(person: User) -> None:
    browser, _ = sign_in()
    recovery = turn_on(browser, person)[0]
    for accepted in (True, False):
        second, _ = sign_in()
        second.post("/login/code", {"code": recovery.upper()})
        assert (second.get("/messages").status_code == 200) is accepted


def test_refuses_codes_after_five_wrong_ones(person: User) -> None:
    browser, _ = sign_in()
    turn_on(browser, person)
    second, _ = sign_in()
    for _ in range(5):
        second.post("/login/code", {"code": "000000x"})
    answer = second.post("/login/code", {"code": code_of(person, ahead=1)})
    assert "Too many tries" in answer.content.decode()


def test_gives_no_page_for_a_code_without_a_password(person: User) -> None:
    assert Client().get("/login/code")["Location"] == "/login"


def test_needs_a_right_code_to_add_an_app(person: User) -> None:
    browser, _ = sign_in()
    browser.get("/profile/second-factor")
    browser.post("/profile/second-factor", {"code": "123"})
    assert sign_in()[1] == "/"


def test_needs_the_password_to_take_the_app_away(person: User) -> None:
    browser, _ = sign_in()
    turn_on(browser, person)
    browser.post("/profile/second-factor", {"password": "wrong", "do": "off"})
    assert sign_in()[1] == "/login/code"
    browser.post("/profile/second-factor", {"password": PASSWORD, "do": "off"})
    assert sign_in()[1] == "/"


def test_keeps_the_apps_key_encrypted(person: User) -> None:
    browser, _ = sign_in()
    turn_on(browser, person)
    stored = SecondFactor.objects.extra(select={"raw": "secret"}).values_list("raw", flat=True).get()
    assert stored.startswith("v1:")


@pytest.mark.parametrize(
    ("browser", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18 Safari/605", "Safari, macOS"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/140.0 Safari/537 Edg/140.0", "Edge, Windows"),
        ("curl/8.1", "curl/8.1"),
        ("", "–"),
    ],
)
def test_calls_a_browser_what_people_call_it(browser: str, name: str) -> None:
    assert name_of(browser) == name


def test_forgets_what_is_over(person: User, workspace: Workspace) -> None:
    here, _ = sign_in()
    sign_in()
    Session.objects.exclude(session_key=here.session.session_key).update(expire_date=timezone.now())
    forget()
    assert SignedIn.objects.get().session_key == here.session.session_key
    assert here.get("/messages").status_code == 200
