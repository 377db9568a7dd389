"""Can an operator let the first person in, and help those who cannot get in any more?"""

import pytest
from django.contrib.auth import authenticate

from postroom.workspaces import second_factor
from postroom.workspaces.models import Change, Membership, SecondFactor, User
from tests.cli.conftest import Postroom

EMAIL = "mary@company-name.com"


@pytest.fixture(autouse=True)
def workspace(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")


def add(postroom: Postroom, *options: str, input_: str | None = None) -> str:
    return postroom("user", "add", EMAIL, "--workspace", "company-name", *options, input_=input_)


def test_lets_the_first_owner_in_with_a_password_of_its_own_making(postroom: Postroom) -> None:
    password = add(postroom, "--name", "Mary").splitlines()[0].removeprefix("Password: ")
    assert authenticate(username=EMAIL, password=password) == User.objects.get()
    assert Membership.objects.get().role == "owner"
    assert Change.objects.get().by == "command line"


def test_takes_the_password_from_a_file(postroom: Postroom) -> None:
    said = add(postroom, "--password-file", "-", "--role", "reader", input_="correct horse battery\n")
    assert said == f"{EMAIL} is reader of company-name.\n"
    assert authenticate(username=EMAIL, password="correct horse battery")


def test_sets_only_the_role_of_a_known_person(postroom: Postroom) -> None:
    add(postroom)
    before = User.objects.get().password
    add(postroom, "--role", "manager")
    assert User.objects.get().password == before
    assert postroom("user", "list", "--workspace", "company-name").split() == [EMAIL, "manager"]


def test_gives_a_new_password(postroom: Postroom) -> None:
    add(postroom)
    password = postroom("user", "password", EMAIL.upper()).splitlines()[0].removeprefix("Password: ")
    assert authenticate(username=EMAIL, password=password)


def test_helps_who_lost_the_phone(postroom: Postroom) -> None:
    add(postroom)
    second_factor.begin(User.objects.get())
    postroom("user", "second-factor-off", EMAIL)
    assert not SecondFactor.objects.exists()


def test_refuses_a_weak_password_an_address_that_is_none_and_a_stranger(refused: Postroom) -> None:
    assert "e-mail" in refused("user", "add", "not-an-address", "--workspace", "company-name").replace(
        "email", "e-mail"
    )
    assert "Nobody signs in as" in refused("user", "password", "nobody@company-name.com")
