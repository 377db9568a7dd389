import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from postroom.outbound import idempotency
from postroom.outbound.models import Delivery, IdempotencyKey, Message
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller, message, refusal


def test_a_repeated_request_gets_the_first_answer_and_queues_nothing(caller: Caller) -> None:
    first = caller.send(key="order 42")
    Delivery.objects.update(status="sent")
    second = caller.send(key="order 42")
    assert (second.status_code, second.json()) == (202, first.json())
    assert "Idempotent-Replay" not in first
    assert second["Idempotent-Replay"] == "true"
    assert Message.objects.count() == 1


def test_white_space_and_the_order_of_fields_do_not_make_another_request(caller: Caller) -> None:
    fields = message()
    first = caller.post("/messages", fields, **{"Idempotency-Key": "k"})
    backwards = json.dumps(dict(reversed(fields.items())), indent=4)
    assert caller.post("/messages", backwards, **{"Idempotency-Key": "k"}).json() == first.json()


def test_another_body_under_the_same_key_is_refused(caller: Caller) -> None:
    caller.send(key="order 42")
    assert refusal(caller.send(key="order 42", subject="Other")) == (422, "idempotency_key_reused", "Idempotency-Key")
    assert Message.objects.count() == 1


def test_each_workspace_has_keys_of_its_own(caller: Caller, outsider: Caller) -> None:
    ours, theirs = caller.send(key="order 42"), outsider.send(key="order 42")
    assert theirs.status_code == 202
    assert theirs.json()["id"] != ours.json()["id"]


def test_a_refused_request_leaves_its_key_free(caller: Caller) -> None:
    assert refusal(caller.send(key="order 42", to="nobody"))[0] == 422
    assert refusal(caller.send(key="order 42", attachments=[{"filename": "a\nb", "content": ""}]))[0] == 422
    assert caller.send(key="order 42").status_code == 202


def test_a_key_is_free_again_after_24_hours(caller: Caller) -> None:
    first = caller.send(key="order 42").json()
    _age(timedelta(hours=23, minutes=59))
    assert caller.send(key="order 42").json()["id"] == first["id"]
    _age(timedelta(minutes=2))
    again = caller.send(key="order 42", subject="Other")
    assert again.status_code == 202
    assert again.json()["id"] != first["id"]
    assert caller.send(key="order 42", subject="Other").json() == again.json()


@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel", "a\tb"])
def test_a_malformed_key_is_refused(caller: Caller, key: str) -> None:
    assert refusal(caller.send(key=key)) == (400, "invalid_idempotency_key", "Idempotency-Key")
    assert not Message.objects.exists()


def test_pruning_removes_expired_keys_only(caller: Caller) -> None:
    caller.send(key="old")
    _age(timedelta(hours=25))
    caller.send(key="new")
    assert idempotency.prune() == 1
    assert IdempotencyKey.objects.get().key == "new"


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_once_one_is_queued_and_both_get_its_answer(caller: Caller) -> None:
    answers = _at_once(lambda: caller_like(caller).send(key="order 42"), times=4)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replay" in answer for answer in answers) == 3
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_rival_rolls_back_is_queued(caller: Caller, workspace: Workspace) -> None:
    answers: list[Any] = []
    with transaction.atomic():
        idempotency.once(workspace, "order 42", request_hash=b"\0" * 32, act=lambda: "{}")
        rival = threading.Thread(target=_closing(lambda: answers.append(caller_like(caller).send(key="order 42"))))
        rival.start()
        rival.join(timeout=0.3)
        assert not answers, "the rival must wait until this transaction ends"
        transaction.set_rollback(True)
    rival.join()
    assert answers[0].status_code == 202
    assert "Idempotent-Replay" not in answers[0]


def caller_like(caller: Caller) -> Caller:
    """The same program in another process: Django's test client is not made for threads."""
    return Caller(caller.key)


def _at_once(call: Callable[[], Any], *, times: int) -> list[Any]:
    answers: list[Any] = []
    barrier = threading.Barrier(times)

    def run() -> None:
        barrier.wait()
        answers.append(call())

    threads = [threading.Thread(target=_closing(run)) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _closing(run: Callable[[], None]) -> Callable[[], None]:
    def run_and_close() -> None:
        try:
            run()
        finally:
            connection.close()

    return run_and_close


def _age(by: timedelta) -> None:
    IdempotencyKey.objects.update(created_at=F("created_at") - by)
