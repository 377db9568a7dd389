from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postroom.outbound.models import Delivery, Message
from tests.api.conftest import Caller, message, refusal, statements


def test_every_message_of_a_batch_is_queued_in_its_order(caller: Caller) -> None:
    results = _send(caller, [message(subject=str(number)) for number in range(20)])
    assert [result["index"] for result in results] == list(range(20))
    assert [Message.objects.get(pk=result["id"]).subject for result in results] == list(map(str, range(20)))
    assert {(result["server"], result["from"]) for result in results} == {("Company mail", "sales@company-name.com")}


def test_faulty_messages_are_told_by_index_and_the_good_ones_are_queued(caller: Caller) -> None:
    faulty: dict[int, tuple[Any, str, str | None]] = {
        0: ("no object", "wrong_type", None),
        2: (message(subjet="x"), "unknown_field", "subjet"),
        3: (message(to=[]), "no_recipients", "to"),
        5: (message(company="Nobody"), "unknown_company", "company"),
        6: (message(subject="a\r\nBcc: x@y.example"), "invalid_header", "Subject"),
        8: (message(attachments=[{"filename": "a", "content": "", "content_type": "?"}]), "invalid_content", None),
        9: (message(server="None such"), "unknown_server", "server"),
    }
    results = _send(caller, [faulty[index][0] if index in faulty else message() for index in range(11)])
    for result in results:
        if result["index"] in faulty:
            _, code, field = faulty[result["index"]]
            assert set(result) == {"index", "error"}
            assert result["error"]["code"] == code
            assert field is None or result["error"]["field"] == field
        else:
            assert Delivery.objects.filter(message=result["id"]).count() == 1
    assert Message.objects.count() == 11 - len(faulty)


def test_a_batch_of_faults_alone_queues_nothing(caller: Caller) -> None:
    assert all("error" in result for result in _send(caller, [{}, 1, None, [], message(to="nobody")]))
    assert not Message.objects.exists()


@pytest.mark.parametrize("number", [0, 1001])
def test_a_batch_has_1_to_1000_messages(caller: Caller, number: int) -> None:
    assert refusal(caller.post("/messages/batch", {"messages": [{}] * number})) == (422, "invalid_value", "messages")


def test_a_repeated_batch_gets_the_first_answer_and_queues_nothing(caller: Caller) -> None:
    batch = {"messages": [message(), message(to="nobody"), message(subject="Second")]}
    first = caller.post("/messages/batch", batch, **{"Idempotency-Key": "k"})
    second = caller.post("/messages/batch", batch, **{"Idempotency-Key": "k"})
    assert (second.status_code, second.json()) == (202, first.json())
    assert second["Idempotent-Replay"] == "true"
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_thousand_messages_take_no_more_queries_than_one(caller: Caller) -> None:
    _send(caller, [message()])  # fills the caches of routing and lanes, the latter on commit
    counts = []
    for number in (1, 1000):
        with CaptureQueriesContext(connection) as queries:
            _send(caller, [message()] * number)
        counts.append(len(statements(queries)))
    assert counts[0] == counts[1]


def _send(caller: Caller, messages: list[Any]) -> list[dict[str, Any]]:
    response = caller.post("/messages/batch", {"messages": messages})
    assert response.status_code == 202
    results: list[dict[str, Any]] = response.json()["results"]
    assert len(results) == len(messages)
    return results
