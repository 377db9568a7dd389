"""Can only the right people sign in, and nobody by guessing?"""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from postroom.web.models import FailedSignIn
from postroom.workspaces.models import User, Workspace
from tests.web.samples import PASSWORD, make_member

WRONG = "The e-mail address or the password is wrong."
TOO_MANY = "Too many tries"


@pytest.fixture
def person(workspace: Workspace) -> User:
    return make_member(workspace)


def sign_in(password: str = PASSWORD, *, email: str = "mary@company-name.com", ip: str = "192.0.2.1") -> str:
    """What the page says; empty when it let the person in."""
    response = Client().post("/login", {"username": email, "password": password}, REMOTE_ADDR=ip)
    return "" if response.status_code == 302 else response.content.decode()


def test_sends_a_stranger_to_sign_in_and_back(person: User) -> None:
    client = Client()
    response = client.get("/messages?status=sent")
    assert response["Location"] == "/login?next=/messages%3Fstatus%3Dsent"
    answer = client.post(response["Location"], {"username": person.email, "password": PASSWORD})
    assert answer["Location"] == "/messages?status=sent"
    assert client.get("/messages").status_code == 200


def test_never_leads_to_another_site(person: User) -> None:
    credentials = {"username": person.email, "password": PASSWORD}
    answer = Client().post("/login?next=https://evil.example/", credentials)
    assert answer["Location"] == "/"


def test_takes_the_address_in_any_case(person: User) -> None:
    assert sign_in(email="Mary@Company-Name.COM") == ""


@pytest.mark.parametrize("email", ["mary@company-name.com", "nobody@company-name.com"])
def test_does_not_tell_whether_an_address_is_known(person: User, email: str) -> None:
    assert WRONG in sign_in("wrong", email=email)


def test_turns_away_who_was_deactivated(person: User) -> None:
    User.objects.update(is_active=False)
    assert WRONG in sign_in()


def test_refuses_the_right_password_after_five_wrong_ones(person: User) -> None:
    for _ in range(5):
        assert WRONG in sign_in("wrong")
    assert TOO_MANY in sign_in()


def test_counts_tries_from_elsewhere_and_for_others_apart(person: User) -> None:
    for _ in range(5):
        sign_in("wrong")
    assert sign_in(ip="192.0.2.2") == ""
    assert WRONG in sign_in("wrong", email="other@company-name.com")


def test_takes_the_right_password_ten_minutes_later(person: User) -> None:
    for _ in range(5):
        sign_in("wrong")
    FailedSignIn.objects.update(at=timezone.now() - timedelta(minutes=10, seconds=1))
    assert sign_in() == ""
    assert not FailedSignIn.objects.exists()


def test_forgets_wrong_tries_after_a_right_one(person: User) -> None:
    for _ in range(2):
        for _ in range(4):
            assert WRONG in sign_in("wrong")
        assert sign_in() == ""


def test_signs_out_only_on_a_form_of_this_site(member: Client) -> None:
    assert member.get("/logout").status_code == 405
    assert member.post("/logout")["Location"] == "/login"
    assert member.get("/messages").status_code == 302


def test_refuses_a_form_from_elsewhere_in_plain_words(person: User) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login", {"username": person.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert "This form was open for too long" in answer.content.decode()


def test_sends_a_session_cookie_that_scripts_and_other_sites_cannot_use(person: User) -> None:
    answer = Client().post("/login", {"username": person.email, "password": PASSWORD})
    cookie = answer.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
