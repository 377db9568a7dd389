"""Can a program take mail back before it leaves, put it off, and let some of it go first?"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from postroom.outbound.models import Delivery
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller, refusal


def states(caller: Caller, id_: str) -> list[str]:
    return [delivery["status"] for delivery in caller.get(f"/messages/{id_}").json()["deliveries"]]


def is_due(message: dict[str, Any]) -> bool:
    return Delivery.objects.filter(message=message["id"], due_at__lte=datetime.now(UTC)).exists()


def test_mail_can_be_taken_back_within_the_grace_period(workspace: Workspace, caller: Caller) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(grace_seconds=600)
    sent = caller.send(to=["mary@customer.example.com", "joe@customer.example.com"]).json()
    leaves_in = datetime.fromisoformat(sent["leaves_at"]) - datetime.now(UTC)
    assert timedelta(seconds=500) < leaves_in <= timedelta(seconds=600)
    assert not is_due(sent)
    assert caller.post(f"/messages/{sent['id']}/cancel", "").json() == {"changed": 2}
    assert states(caller, sent["id"]) == ["canceled", "canceled"]
    assert caller.get(f"/messages/{sent['id']}").json()["leaves_at"] is None


def test_without_a_grace_period_mail_is_due_at_once(caller: Caller) -> None:
    assert is_due(caller.send().json())


def test_a_scheduled_message_leaves_at_its_time_or_after_the_grace_period(workspace: Workspace, caller: Caller) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(grace_seconds=600)
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    late = caller.send(scheduled_at=tomorrow.isoformat()).json()
    assert datetime.fromisoformat(late["leaves_at"]) == tomorrow
    soon = caller.send(scheduled_at=(datetime.now(UTC) + timedelta(seconds=1)).isoformat()).json()
    assert datetime.fromisoformat(soon["leaves_at"]) > datetime.now(UTC) + timedelta(seconds=500)


def test_urgent_mail_overtakes_what_waits_in_its_stream(caller: Caller) -> None:
    ordinary, urgent, idle = (caller.send(**fields).json() for fields in ({}, {"priority": 0}, {"priority": 9}))
    order = Delivery.objects.order_by("priority", "due_at").values_list("message", flat=True)
    assert list(map(str, order)) == [urgent["id"], ordinary["id"], idle["id"]]
    assert refusal(caller.send(priority=10)) == (422, "invalid_value", "priority")


def test_a_held_message_goes_on_when_it_is_released(caller: Caller) -> None:
    sent = caller.send().json()
    assert caller.post(f"/messages/{sent['id']}/hold", "").json() == {"changed": 1}
    assert states(caller, sent["id"]) == ["held"]
    assert caller.post(f"/messages/{sent['id']}/release", "").json() == {"changed": 1}
    assert states(caller, sent["id"]) == ["queued"]


def test_a_choice_changes_what_fits_and_leaves_the_rest(caller: Caller) -> None:
    kept, taken = caller.send(tags=["order"]).json(), caller.send(tags=["newsletter"], stream="mass").json()
    assert caller.post("/deliveries/cancel", {"tag": "newsletter", "status": ["queued"]}).json() == {"changed": 1}
    assert (states(caller, kept["id"]), states(caller, taken["id"])) == (["queued"], ["canceled"])
    assert caller.post("/deliveries/hold", {"messages": [kept["id"], taken["id"]]}).json() == {"changed": 1}


def test_a_choice_by_time_leaves_what_is_younger(caller: Caller) -> None:
    caller.send()
    past = "2026-01-01T00:00:00Z"
    assert caller.post("/deliveries/cancel", {"submitted_before": past}).json() == {"changed": 0}


@pytest.mark.parametrize("empty", [{"messages": []}, {"status": []}, {"tag": ""}, {"recipient": ""}])
def test_an_empty_choice_is_not_taken_for_all_mail(caller: Caller, empty: dict[str, Any]) -> None:
    sent = caller.send().json()
    assert refusal(caller.post("/deliveries/cancel", empty))[0] == 422
    assert states(caller, sent["id"]) == ["queued"]


def test_an_outsider_can_neither_see_nor_steer(caller: Caller, outsider: Caller) -> None:
    sent = caller.send().json()
    assert refusal(outsider.post(f"/messages/{sent['id']}/cancel", ""))[:2] == (404, "not_found")
    assert outsider.post("/deliveries/cancel", {}).json() == {"changed": 0}
    assert states(caller, sent["id"]) == ["queued"]


def test_a_misspelt_action_or_choice_changes_nothing(caller: Caller) -> None:
    sent = caller.send().json()
    assert refusal(caller.post(f"/messages/{sent['id']}/cancle", ""))[0] == 422
    assert refusal(caller.post("/deliveries/cancel", {"tags": "x"}))[:2] == (422, "unknown_field")
    assert states(caller, sent["id"]) == ["queued"]
