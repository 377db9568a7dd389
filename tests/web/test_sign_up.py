"""How does a stranger come to a workspace on a hosted platform, and what keeps others out of it?"""

import re
from dataclasses import replace

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from postroom.outbound.models import Delivery, MessageContent
from postroom.policy.workspace_name import RESERVED
from postroom.workspaces.models import SignUp, User, Workspace
from tests.web.samples import PASSWORD, make_member, make_workspace

pytestmark = pytest.mark.django_db
FORM = {
    "company": "My Company",
    "slug": "company-name",
    "name": "Mary",
    "new_password1": PASSWORD,
    "new_password2": PASSWORD,
}


@pytest.fixture(autouse=True)
def hosted(settings: Settings) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True, platform_domain="platform.example")


def ask(email: str = "mary@example.com", **headers: str) -> str:
    """The path that the mail leads to."""
    answer = Client(REMOTE_ADDR=headers.get("ip", "192.0.2.1")).post("/sign-up", {"email": email})
    assert "A link is on its way" in answer.content.decode(), answer.content.decode()
    body = bytes(MessageContent.objects.latest("message__deliveries__id").body).decode()
    found = re.search(r"/sign-up/[\w-]+", body.replace("=\r\n", ""))
    assert found, body
    return found[0]


def test_a_workspace_opened_by_a_stranger_sends_and_receives_at_once() -> None:
    client = Client()
    answer = client.post(ask(), FORM)
    assert answer.status_code == 302
    workspace = Workspace.objects.get(slug="company-name")
    assert workspace.default_server_daily_limit == 5
    member = workspace.memberships.get()
    assert (member.user.email, member.user.name, member.role) == ("mary@example.com", "Mary", "owner")
    assert "Home" in client.get("/").content.decode(), "signed in, and in the new workspace"
    assert client.session["workspace"] == "company-name"
    assert workspace.subdomain == "company-name.platform.example"
    assert workspace.parameters.get().value == workspace.subdomain


def test_the_link_is_mailed_by_the_platform_itself() -> None:
    ask()
    delivery = Delivery.objects.select_related("message", "workspace").get()
    assert (delivery.recipient, delivery.workspace.slug) == ("mary@example.com", "platform")
    assert "notifications@platform.platform.example" in delivery.message.header_from


def test_a_link_counts_once_and_ends() -> None:
    path = ask()
    Client().post(path, FORM)
    assert Client().get(path).status_code == 404
    again = ask("joe@example.com")
    SignUp.objects.update(expires_at="2026-01-01T00:00:00Z")
    assert Client().post(again, {**FORM, "slug": "other"}).status_code == 404
    assert not Workspace.objects.filter(slug="other").exists()


def test_a_second_link_ends_the_first() -> None:
    first = ask()
    second = ask()
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200


def test_somebody_known_signs_in_and_keeps_their_password() -> None:
    user = make_member(make_workspace("old-name"), "mary@example.com")
    path = ask()
    page = Client().get(path).content.decode()
    assert "Sign in as mary@example.com" in page
    assert Client().post(path, FORM).status_code == 200, "a link alone lets nobody act as them"
    assert not Workspace.objects.filter(slug="company-name").exists()
    client = Client()
    client.force_login(user)
    assert client.post(path, {"company": "New", "slug": "new-name"}).status_code == 302
    assert User.objects.get().check_password(PASSWORD)
    assert Workspace.objects.get(slug="new-name").memberships.get().user == user


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("taken", "There is a workspace of that name already"),
        ("TAKEN", "There is a workspace of that name already"),
        ("ab", "has 3 to 63 characters"),
        ("postmaster", "is kept for the platform itself"),
        ("platform", "is kept for the platform itself"),
        ("-name", "small letters, digits and hyphens"),
        ("two words", "small letters, digits and hyphens"),
        ("a.b.c", "small letters, digits and hyphens"),
        ("xn--mnchen-3ya", "small letters, digits and hyphens"),
        ("société", "small letters, digits and hyphens"),
    ],
)
def test_a_name_that_cannot_be_had_is_refused_and_nobody_stays_behind(slug: str, words: str) -> None:
    make_workspace("taken")
    page = Client().post(ask(), {**FORM, "slug": slug}).content.decode()
    assert words in page
    assert not User.objects.exists()


def test_says_the_same_whether_an_address_is_known() -> None:
    make_member(make_workspace("old-name"), "known@example.com")
    pages = [
        Client().post("/sign-up", {"email": email}).content.decode().replace(email, "")
        for email in ("known@example.com", "other@example.com")
    ]
    without_token = [re.sub(r"\b\w{64}\b", "", page) for page in pages]
    assert without_token[0] == without_token[1]


def test_neither_fills_one_browser_many_inboxes_nor_many_one() -> None:
    for number in range(5):
        ask(f"joe{number}@example.com")
    answer = Client(REMOTE_ADDR="192.0.2.1").post("/sign-up", {"email": "joe9@example.com"})
    assert "Too many tries" in answer.content.decode()
    for number in range(5):
        ask("ann@example.com", ip=f"198.51.100.{number}")
    answer = Client(REMOTE_ADDR="198.51.100.77").post("/sign-up", {"email": "ann@example.com"})
    assert "Too many tries" in answer.content.decode()


@pytest.mark.parametrize("path", ["/sign-up", "/sign-up/x"])
def test_an_installation_of_ones_own_has_no_sign_up(path: str, settings: Settings) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=False)
    assert Client().get(path).status_code == 404
    assert Client().post(path, {"email": "mary@example.com"}).status_code == 404
    assert "Open a workspace" not in Client().get("/login").content.decode()


def test_reserved_names_are_names() -> None:
    assert all(name == name.lower() for name in RESERVED)
    assert {"platform", "www", "abuse", "postmaster", "bounce"} <= RESERVED
