"""Does the API answer without what pages need: session, language, time zone of a person?"""

import pytest
from django.test import Client
from django.utils import timezone, translation


def test_what_a_page_left_behind_in_the_thread_does_not_count() -> None:
    translation.activate("de")
    timezone.activate("Asia/Tokyo")
    Client().get("/api/v1/openapi.json", headers={"Accept-Language": "fr"})
    assert translation.get_language() == "en"
    assert timezone.get_current_timezone_name() == "UTC"


def test_an_answer_has_a_length_and_the_headers_of_every_answer_but_none_of_a_page() -> None:
    response = Client().post("/api/v1/messages", data={}, content_type="application/json")
    assert response.status_code == 401
    assert response["Content-Length"] == str(len(response.content))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert not {"Content-Language", "Set-Cookie", "Vary"} & set(response.headers)


@pytest.mark.django_db
def test_what_is_not_there_is_a_page_that_is_not_there() -> None:
    assert Client().get("/api/none").status_code == 404
