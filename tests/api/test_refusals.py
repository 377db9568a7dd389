import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from postroom.outbound.models import Message
from postroom.workspaces.models import ApiKey
from tests.api.conftest import Caller, message, refusal

ATTACHMENT = {"filename": "a.pdf", "content": "aGVsbG8="}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"subjet": "x"}, "unknown_field", "subjet"),
        ({"attachments": [{**ATTACHMENT, "contents": "x"}]}, "unknown_field", "attachments[0].contents"),
        ({"to": {"mail": "mary@customer.example.com"}}, "unknown_field", "to.mail"),
        ({"subject": 7}, "wrong_type", "subject"),
        ({"text": ["a"]}, "wrong_type", "text"),
        ({"attachments": ATTACHMENT}, "wrong_type", "attachments"),
        ({"attachments": [{"filename": "a.pdf"}]}, "missing_field", "attachments[0].content"),
        ({"attachments": [{**ATTACHMENT, "content": "no base64!"}]}, "invalid_base64", "attachments[0].content"),
        ({"attachments": [{**ATTACHMENT, "content_type": "?"}]}, "invalid_content", "content_type"),
        ({"attachments": [{**ATTACHMENT, "filename": "a\r\nX: y"}]}, "invalid_header", None),
        ({"from_": "Mary <mary@>"}, "invalid_address", "from"),
        ({"from_": "a@x.example, b@x.example"}, "invalid_address", "from"),
        ({"from_": "a@x.example\r\nBcc: b@x.example"}, "invalid_address", "from"),
        ({"to": []}, "no_recipients", "to"),
        ({"to": None}, "no_recipients", "to"),
        ({"to": ["mary@customer.example.com", "nobody"]}, "invalid_address", "to[1]"),
        ({"to": 1}, "wrong_type", "to"),
        ({"subject": "a\r\nBcc: b@x.example"}, "invalid_header", "Subject"),
        ({"headers": {"X-A": "a\r\nBcc: b@x.example"}}, "invalid_header", None),
        ({"headers": {"X-A\r\nBcc": "b@x.example"}}, "invalid_header", None),
        ({"headers": {"From": "b@x.example"}}, "invalid_header", "headers.From"),
        ({"headers": {"X-A": 1}}, "wrong_type", "headers.X-A"),
        ({"company": "Nobody"}, "unknown_company", "company"),
        ({"company": "My Company\x00"}, "invalid_value", "company"),
        ({"server": "Nowhere"}, "unknown_server", "server"),
        ({"stream": "river"}, "invalid_value", "stream"),
        ({"scheduled_at": "tomorrow"}, "invalid_value", "scheduled_at"),
        ({"scheduled_at": "2030-01-01T10:00:00"}, "invalid_value", "scheduled_at"),
        ({"scheduled_at": "2030-02-30T10:00:00Z"}, "invalid_value", "scheduled_at"),
        ({"scheduled_at": "9999-12-31T23:59:59-23:59"}, "invalid_value", "scheduled_at"),
        ({"scheduled_at": 1767225600}, "invalid_value", "scheduled_at"),
        ({"tags": ["a\x00b"]}, "invalid_value", "tags[0]"),
        ({"tags": ["x"] * 21}, "invalid_value", "tags"),
        ({"text": "half a pair \ud83d"}, "invalid_content", "text"),
        ({"company": "half a pair \ud83d"}, "invalid_value", "company"),
    ],
)
def test_bad_input_is_refused_by_code_and_field_and_nothing_is_stored(
    caller: Caller, fields: dict[str, Any], code: str, field: str | None
) -> None:
    status, found, named = refusal(caller.send(**fields))
    assert (status, found) == (422, code)
    assert field is None or named == field
    assert not Message.objects.exists()


def test_an_unknown_field_is_answered_with_the_nearest_known_one(caller: Caller) -> None:
    fields = message()
    fields["form"] = fields.pop("from")
    assert caller.post("/messages", fields).json()["error"]["message"] == "There is no field form; did you mean from?"


def test_an_unknown_field_beside_a_batch_is_refused(caller: Caller) -> None:
    body = {"messages": [message()], "mesages": []}
    assert refusal(caller.post("/messages/batch", body)) == (422, "unknown_field", "mesages")


@pytest.mark.parametrize("body", ["", "{", "{'a': 1}", b"\xff\xfe\xfd", '{"subject": NaN}', "[" * 200_000])
def test_what_is_not_json_is_malformed(caller: Caller, body: str | bytes) -> None:
    assert refusal(caller.post("/messages", body)) == (400, "malformed_json", None)


@pytest.mark.parametrize("body", ["[]", "null", '"text"', "12"])
def test_json_that_is_no_object_has_the_wrong_type(caller: Caller, body: str) -> None:
    response = caller.post("/messages", body)
    assert refusal(response)[:2] == (422, "wrong_type")
    assert response.json()["error"]["message"] == "The body is not a JSON object; write it as {…}."


@pytest.mark.parametrize("path", ["/messages", "/messages/batch", "/route"])
def test_without_a_key_nothing_is_answered(db: None, path: str) -> None:
    response = Caller(None).post(path, message())
    assert refusal(response) == (401, "missing_api_key", None)
    assert response["WWW-Authenticate"] == 'Bearer realm="postroom"'


@pytest.mark.parametrize("key", ["", "pr_wrong", "pr_\xe9", "two words"])
def test_a_wrong_key_is_refused(caller: Caller, key: str) -> None:
    response = Caller(key).send()
    assert (response.status_code, refusal(response)[1]) == (401, "unknown_api_key")
    assert "WWW-Authenticate" in response


def test_a_revoked_key_is_refused(caller: Caller) -> None:
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert refusal(caller.get("/messages")) == (401, "unknown_api_key", None)


@pytest.mark.parametrize("path", ["/", "/nothing", "/messages/1", "/messages/", "/route/x"])
def test_an_unknown_address_is_answered_in_json(caller: Caller, path: str) -> None:
    assert refusal(caller.get(path)) == (404, "not_found", None)


def test_an_unknown_method_is_answered_with_the_known_ones(caller: Caller) -> None:
    response = Client().delete("/api/v1/messages")
    assert refusal(response) == (405, "method_not_allowed", None)
    assert set(response["Allow"].split(", ")) == {"GET", "POST"}


def test_an_attachment_over_the_limit_is_refused(caller: Caller, settings: Any) -> None:
    limit = settings.POSTROOM.max_message_bytes
    content = "AAAA" * (limit // 4 + 1)
    response = caller.send(attachments=[{"filename": "big", "content": content}])
    assert refusal(response)[:2] == (413, "message_too_large")
    assert not Message.objects.exists()


def test_a_request_that_announces_too_many_bytes_is_refused_before_it_is_read(caller: Caller) -> None:
    class Unreadable:
        def read(self, *_: object) -> bytes:
            raise AssertionError("must not be read")

        readline = read

    response = caller.client.generic(
        "POST",
        "/api/v1/messages",
        content_type="application/json",
        headers={"Authorization": f"Bearer {caller.key}"},
        **{"wsgi.input": Unreadable(), "CONTENT_LENGTH": str(40 * 1024 * 1024)},
    )
    assert refusal(response) == (413, "message_too_large", None)


@pytest.mark.django_db(transaction=True)
def test_a_lost_database_is_told_as_temporary_and_a_retry_makes_no_duplicate(caller: Caller) -> None:
    _end_own_connection()
    response = caller.send(key="order 42")
    assert refusal(response) == (503, "unavailable", None)
    assert response["Retry-After"] == "5"
    connection.close()  # as at the start of each request, outside of tests
    assert caller.send(key="order 42").status_code == 202
    assert Message.objects.count() == 1


def test_a_fault_of_ours_is_logged_and_answered_without_its_traceback(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("postroom.api.messages.submit_message", fail)
    response = caller.send()
    assert refusal(response) == (500, "internal_error", None)
    assert "secret" not in json.dumps(response.json())
    logged = "".join(capsys.readouterr())
    assert "request.failed" in logged
    assert "secret detail" in logged


def _end_own_connection() -> None:
    """As a restart of PostgreSQL ends it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    finally:
        other.close()
