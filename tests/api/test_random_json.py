import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.api.refusals import STATUS
from tests.api.conftest import Caller, message

FIELDS = (
    "from", "to", "cc", "bcc", "reply_to", "subject", "html", "text", "attachments", "headers", "company", "stream",
    "server", "scheduled_at", "tags", "filename", "content", "content_type", "content_id", "name", "email",
)  # fmt: skip
ODD_TEXTS = [
    "", "\x00", "\ud800", "a@b", "a@b.example", "ß@ß.example", "=?utf-8?q?x?=", "@", "\r\n", "2026-01-01T00:00:00Z",
]  # fmt: skip
texts = st.text(max_size=20) | st.sampled_from(ODD_TEXTS) | st.text(st.characters(), max_size=5)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | texts, inner, max_size=4),
    max_leaves=8,
)
unhurried = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)


@unhurried
@given(st.dictionaries(st.sampled_from(FIELDS[:15]), values, max_size=5))
def test_no_json_makes_the_api_fail(caller: Caller, fields: dict[str, Any]) -> None:
    response = caller.post("/messages", message(**fields))
    _check(response)


@unhurried
@given(st.lists(values, max_size=4), values)
def test_no_batch_and_no_dry_run_makes_the_api_fail(caller: Caller, items: list[Any], sending: Any) -> None:
    _check(caller.post("/messages/batch", {"messages": items}, **{"Idempotency-Key": "k"}))
    _check(caller.post("/route", json.dumps(sending)))


def _check(response: Any) -> None:
    assert response.status_code in {200, 202, 400, 422}, response.json()
    if response.status_code >= 400:
        error = response.json()["error"]
        assert STATUS[error["code"]] == response.status_code
        json.dumps(error, allow_nan=False)
