"""Can a person choose how the pages look and speak?"""

import pytest
from django.test import Client

from postroom.workspaces.models import User


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_overrules_the_device_for_who_has_chosen_colours(member: Client, theme: str) -> None:
    assert "data-bs-theme" not in member.get("/messages").content.decode()
    member.post("/preferences", {"theme": theme})
    assert f'data-bs-theme="{theme}"' in member.get("/messages").content.decode()


def test_keeps_the_language_with_the_person(member: Client) -> None:
    member.post("/preferences", {"language": "fr"})
    assert User.objects.get().language == "fr"
    member.cookies.pop("django_language")
    assert '<html lang="fr"' in member.get("/messages", headers={"accept-language": "en"}).content.decode()


@pytest.mark.django_db
def test_keeps_a_strangers_language_in_a_cookie() -> None:
    client = Client()
    assert '<html lang="en"' in client.get("/login").content.decode()
    client.post("/preferences", {"language": "fr"})
    assert "Se connecter" in client.get("/login").content.decode()


@pytest.mark.django_db
def test_speaks_as_the_browser_asks_to_who_has_not_chosen() -> None:
    assert '<html lang="fr"' in Client().get("/login", headers={"accept-language": "fr-CA"}).content.decode()


def test_changes_nothing_for_a_value_that_does_not_exist(member: Client) -> None:
    assert member.post("/preferences", {"theme": "pink", "language": "fr"}).status_code == 302
    assert User.objects.get().language == ""


@pytest.mark.parametrize(
    ("address", "leads_to"), [("/capture?text=a", "/capture?text=a"), ("https://evil.example/", "/")]
)
def test_leads_back_to_where_the_click_was_made(member: Client, address: str, leads_to: str) -> None:
    assert member.post("/preferences", {"theme": "dark", "next": address})["Location"].startswith(leads_to)


@pytest.mark.django_db
def test_refuses_in_the_language_of_the_page() -> None:
    client = Client(headers={"accept-language": "fr"})
    for _ in range(6):
        page = client.post("/login", {"username": "mary@company-name.com", "password": "wrong"}).content.decode()
    assert "Trop d’essais pour cette adresse" in page
