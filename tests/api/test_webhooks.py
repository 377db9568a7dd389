"""Can a program say where it wants to be told, try it, and see no one else's?"""

import pytest

from postroom.webhooks.models import Webhook
from postroom.workspaces.models import Change
from tests.api.conftest import Caller, refusal
from tests.webhooks.conftest import Listener, listener

__all__ = ["listener"]


def added(caller: Caller, url: str = "https://shop.example/hooks", **fields: object) -> dict[str, object]:
    response = caller.post("/webhooks", {"url": url, **fields})
    assert response.status_code == 201, response.json()
    answer: dict[str, object] = response.json()
    return answer


def test_a_webhook_is_added_and_its_secret_shown_this_once(caller: Caller) -> None:
    new = added(caller, events=["message.bounced", "message.held"])
    assert str(new.pop("secret")).startswith("whsec_")
    assert new["events"] == ["message.bounced", "message.held"]
    assert caller.get("/webhooks").json() == {"webhooks": [new]}


def test_mail_that_fails_at_once_waits_to_be_told(caller: Caller) -> None:
    added(caller)
    caller.post("/suppressions", {"addresses": ["mary@customer.example.com"]})
    caller.send()
    (webhook,) = caller.get("/webhooks").json()["webhooks"]
    assert webhook["waiting"] == 1


def test_a_trial_says_what_the_receiver_answered(caller: Caller, listener: Listener) -> None:
    number = added(caller, listener.url)["id"]
    assert caller.post(f"/webhooks/{number}/test", "").json() == {"delivered": True, "answer": "HTTP 200 OK"}
    listener.answers = [404]
    assert caller.post(f"/webhooks/{number}/test", "").json() == {"delivered": False, "answer": "HTTP 404 Not Found"}
    assert [event["type"] for event in listener.events] == ["webhook.test"] * 2


def test_who_changed_webhooks_is_in_the_audit_log_without_the_secret(caller: Caller) -> None:
    secret = added(caller)["secret"]
    number = Webhook.objects.get().pk
    assert caller.delete(f"/webhooks/{number}").status_code == 204
    made, removed = Change.objects.filter(kind="webhook").order_by("id")
    assert (made.by, removed.after) == ("API key shop", None)
    assert str(secret) not in f"{made.after}{removed.before}"
    assert caller.get("/webhooks").json() == {"webhooks": []}


@pytest.mark.parametrize(
    "url", ["shop.example", "ftp://shop.example", "https://", "https://u:p@shop.example/", "http://a b/", "http://a:x/"]
)
def test_an_address_that_cannot_be_posted_to_is_refused(caller: Caller, url: str) -> None:
    assert refusal(caller.post("/webhooks", {"url": url})) == (422, "invalid_webhook_url", "url")


def test_a_workspace_has_at_most_twenty(caller: Caller) -> None:
    for _ in range(20):
        added(caller)
    assert refusal(caller.post("/webhooks", {"url": "https://shop.example/"}))[:2] == (422, "too_many_webhooks")


def test_an_outsider_sees_and_reaches_no_webhook(caller: Caller, outsider: Caller) -> None:
    number = added(caller)["id"]
    assert outsider.get("/webhooks").json() == {"webhooks": []}
    for response in (
        outsider.delete(f"/webhooks/{number}"),
        outsider.post(f"/webhooks/{number}/test", ""),
        outsider.post(f"/webhooks/{number}/enable", ""),
    ):
        assert refusal(response)[:2] == (404, "not_found")
    assert Webhook.objects.get().is_active


def test_a_webhook_that_was_given_up_goes_on(caller: Caller) -> None:
    number = added(caller)["id"]
    Webhook.objects.update(is_active=False, faults=9)
    assert caller.post(f"/webhooks/{number}/enable", "").json()["is_active"]
    assert Webhook.objects.get().faults == 0
