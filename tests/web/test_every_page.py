"""What holds for every address: who may see it, what it may load, and how it fails."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from postroom.web import static_files

PUBLIC = {"/login", "/logout", "/healthz", "/metrics", "/assets/<slug:version>/<str:name>", "/preferences"}
PUBLIC |= {"/login/code", "/password/forgotten", "/password/new/<str:uidb64>/<str:token>", "/invitations/<str:token>"}
PUBLIC |= {"/unfollow/<str:token>", "/sign-up", "/sign-up/<str:token>", "/oauth/<str:provider>/confirm"}
PUBLIC |= {"/opened/<str:token>.gif"}
EXAMPLES = {
    "<slug:version>/<str:name>": "x/style.css",
    "<uuidstr:message_id>": str(UUID(int=1)),
    "<uuid:message_id>": str(UUID(int=1)),
    "<int:capture_id>": "1",
    "<int:number>": "0",
    "<int:membership_id>": "1",
    "<int:server_id>": "1",
    "<int:company_id>": "1",
    "<int:key_id>": "1",
    "<int:parameter_id>": "1",
    "<int:alias_id>": "1",
    "<int:template_id>": "1",
    "<int:alert_id>": "1",
    "<str:name>": "outbound.prune",
    "<int:domain_id>": "1",
    "<int:invitation_id>": "1",
    "<int:workspace_id>": "1",
    "<int:plan_id>": "0",
    "<int:record_id>": "1",
    "<int:post_id>": "1",
    "<int:file_id>": "1",
    "<int:follower_id>": "1",
    "<int:notification_id>": "1",
    "<int:incoming_id>": "1",
    "<int:incoming_server_id>": "1",
    "<str:uidb64>/<str:token>": "x/x",
    "<str:token>": "x",
    "<str:provider>": "google",
    "<slug:preset_id>": "brevo",
    "<slug:name>": "credentials",
}


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


ROUTES = sorted(routes(get_resolver().url_patterns))
PAGES = [route for route in ROUTES if not route.startswith("/api/")]
API = sorted(set(ROUTES) - set(PAGES))
PUBLIC_API = {"/api/v1/docs", "/api/v1/openapi.json"}


def example_of(route: str) -> str:
    for parameter, value in EXAMPLES.items():
        route = route.replace(parameter, value)
    return route


def test_knows_every_public_address() -> None:
    assert set(PAGES) >= PUBLIC


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(set(PAGES) - PUBLIC))
@pytest.mark.parametrize("method", ["get", "post"])
def test_asks_a_stranger_to_sign_in(route: str, method: str) -> None:
    address = example_of(route)
    assert "<" not in address, "give an example of this parameter"
    response = getattr(Client(), method)(address)
    assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/login")


# Pages about the person who asks, in whichever workspace.
PERSONAL = {"/profile", "/profile/password", "/profile/second-factor", "/profile/sessions"}


# Pages about the whole installation.
OF_PLATFORM = {route for route in PAGES if route.startswith("/platform")}


@pytest.mark.parametrize("route", sorted(OF_PLATFORM))
def test_is_for_the_platforms_administrators(route: str) -> None:
    assert hasattr(resolve(example_of(route)).func, "is_for_administrators"), "begin with @for_administrators"


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(OF_PLATFORM))
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_finds_them_not_even_an_owner(route: str, method: str, owner: Client) -> None:
    assert getattr(owner, method)(example_of(route)).status_code in {404, 405}


# Pages for who looks after the installation, hosted or not.
OF_INSTALLATION = {route for route in PAGES if route.startswith("/installation")}


@pytest.mark.parametrize("route", sorted(OF_INSTALLATION))
def test_is_for_the_installations_caretakers(route: str) -> None:
    assert hasattr(resolve(example_of(route)).func, "is_for_caretakers"), "begin with @for_caretakers"


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(OF_INSTALLATION))
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_workspace_of_a_hosted_platform_finds_them(route: str, method: str, owner: Client, settings: Any) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True)
    assert getattr(owner, method)(example_of(route)).status_code in {404, 405}


@pytest.mark.parametrize("route", sorted(set(PAGES) - PUBLIC - PERSONAL - OF_PLATFORM - OF_INSTALLATION))
def test_asks_what_the_person_may_do(route: str) -> None:
    assert hasattr(resolve(example_of(route)).func, "action"), "let the view begin with @needs(Action.…)"


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(set(PAGES) - PUBLIC - PERSONAL - OF_PLATFORM - OF_INSTALLATION))
@pytest.mark.parametrize("method", ["get", "post"])
def test_lets_nobody_act_in_a_workspace_of_others(route: str, method: str, outsider: Client, member: Client) -> None:
    """A form that names another's workspace is refused; an address that does shows the person's own."""
    answer = getattr(outsider, method)(example_of(route), {"workspace": "company-name"})
    assert answer.status_code in ({403, 405} if method == "post" else {200, 403, 404, 405})
    assert "workspace" not in outsider.session


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(set(API) - PUBLIC_API))
@pytest.mark.parametrize("method", ["get", "post"])
def test_gives_an_application_nothing_without_a_key(route: str, method: str) -> None:
    """401, or the word that there is no such address or method: the same with and without a key."""
    response = getattr(Client(), method)(example_of(route), {}, content_type="application/json")
    assert response.status_code in {401, 404, 405}


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(set(API) - PUBLIC_API))
def test_takes_no_session_for_a_key(member: Client, route: str) -> None:
    """A page elsewhere could make a browser send its session along."""
    response = member.post(example_of(route), {}, content_type="application/json")
    assert response.status_code in {401, 404, 405}


@pytest.mark.django_db
@pytest.mark.parametrize("route", PAGES)
def test_lets_no_page_load_or_run_anything_foreign(route: str) -> None:
    policy = Client().get(example_of(route))["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy


@pytest.mark.parametrize("name", sorted(static_files.ASSETS))
def test_lets_browsers_keep_a_file_for_ever_under_its_version(name: str) -> None:
    asset = static_files.ASSETS[name]
    response = Client().get(f"/assets/{asset.version}/{name}")
    assert response["Content-Type"] == asset.content_type
    assert "immutable" in response["Cache-Control"]
    assert Client().get(f"/assets/old/{name}")["Cache-Control"] == "no-cache"


def test_hands_out_no_other_file() -> None:
    assert Client().get("/assets/x/models.py").status_code == 404


def test_says_in_plain_words_that_there_is_no_such_page() -> None:
    response = Client().get("/nowhere")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()


def test_says_in_plain_words_that_an_address_only_takes_a_form(owner: Client) -> None:
    response = owner.get("/desk/many")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "Go back to the form" in response.content.decode()


@pytest.mark.urls("tests.web.failing_urls")
@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/bug", 500, "Something broke on our side"),
        ("/database-gone", 503, "The database cannot be reached"),
        ("/forbidden", 403, "You may not see this page"),
        ("/malformed", 400, "This request was not understood"),
        ("/too-large", 413, "This is too large"),
    ],
)
def test_says_in_plain_words_that_a_page_failed(address: str, status: int, words: str) -> None:
    response = Client(raise_request_exception=False).get(address)
    assert response.status_code == status
    assert words in response.content.decode()
