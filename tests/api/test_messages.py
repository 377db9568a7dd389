from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postroom.api.schemas import Accepted, MessageList, MessageOut
from postroom.outbound.models import Delivery, Message, MessageContent
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller, refusal, statements


def test_a_message_is_accepted_routed_and_queued_for_each_recipient(caller: Caller) -> None:
    response = caller.send(to=["mary@customer.example.com", "john@customer.example.com"], cc={"email": "cc@x.example"})
    assert response.status_code == 202
    answer = response.json()
    assert answer["server"] == "Company mail"
    assert answer["status"] == "queued"
    assert (answer["from"], answer["from_address"]) == ("sales@company-name.com", "sales@company-name.com")
    assert answer["from_rewritten"] is False
    assert answer["return_path"] == "bounce@company-name.com"
    assert answer["reply_to"] == "catchall@company-name.com"
    assert next(step["criterion"] for step in answer["trace"]["steps"] if step["matched"]) == "filter_domain"
    deliveries = Delivery.objects.filter(message=answer["id"])
    assert sorted(d.recipient for d in deliveries) == [
        "cc@x.example", "john@customer.example.com", "mary@customer.example.com",
    ]  # fmt: skip
    assert {d.status for d in deliveries} == {"queued"}


def test_a_foreign_from_is_replaced_by_the_notification_address_under_the_authors_name(caller: Caller) -> None:
    answer = caller.send(from_={"name": "Mary", "email": "mary@customer.example.com"}).json()
    assert answer["server"] == "Everything else"
    assert answer["from"] == '"Mary" <notifications@company-name.com>'
    assert answer["from_rewritten"] is True
    assert Message.objects.get(pk=answer["id"]).author_from == '"Mary" <mary@customer.example.com>'


@pytest.mark.parametrize("absent", ["", None])
def test_without_a_from_the_system_speaks(caller: Caller, absent: str | None) -> None:
    assert caller.send(from_=absent).json()["from_address"] == "notifications@company-name.com"


def test_the_server_is_null_when_the_default_server_sends(outsider: Caller) -> None:
    answer = outsider.send().json()
    assert answer["server"] is None
    assert outsider.get(f"/messages/{answer['id']}").json()["server"] is None


def test_a_forced_server_takes_the_message_whatever_its_from(caller: Caller) -> None:
    answer = caller.send(server="everything ELSE").json()
    assert answer["server"] == "Everything else"
    assert "forced_server" in {step["criterion"] for step in answer["trace"]["steps"]}


def test_content_headers_and_attachments_arrive_in_the_stored_bytes(caller: Caller) -> None:
    answer = caller.send(
        html="<p>Grüße</p>",
        headers={"X-Campaign": "spring"},
        attachments=[{"filename": "note.txt", "content": "aGVsbG8=", "content_type": "text/plain"}],
        bcc="hidden@customer.example.com",
    ).json()
    content = MessageContent.objects.get(message=answer["id"])
    head, body = bytes(content.head), bytes(content.body)
    assert b"X-Campaign: spring\r\n" in head
    assert f"Message-ID: {answer['message_id']}\r\n".encode() in head
    assert b"aGVsbG8=" in body
    assert b"hidden@" not in head
    assert Delivery.objects.filter(message=answer["id"], recipient="hidden@customer.example.com").exists()


def test_a_scheduled_message_is_due_at_its_moment_and_one_of_the_past_at_once(caller: Caller) -> None:
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    later = caller.send(scheduled_at=tomorrow.isoformat()).json()
    at_once = caller.send(scheduled_at="2001-01-01T00:00:00Z").json()
    assert caller.get(f"/messages/{later['id']}").json()["deliveries"][0]["next_attempt_at"] == _as_json(tomorrow)
    due_at = Delivery.objects.get(message=at_once["id"]).due_at
    assert abs(due_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_message_tells_what_became_of_each_delivery(caller: Caller) -> None:
    sent = caller.send(to=["gone@customer.example.com", "later@customer.example.com"], tags=["order", "42"]).json()
    Delivery.objects.filter(recipient__startswith="gone").update(
        status="bounced",
        reply_code=550,
        reply_text="550 5.1.1 User unknown",
        reason="There is no such mailbox.",
        attempts=1,
    )
    answer = caller.get(f"/messages/{sent['id']}").json()
    MessageOut.model_validate(answer)
    assert answer["status"] == "bounced"
    assert answer["tags"] == ["order", "42"]
    assert answer["company"] == "My Company"
    assert answer["stream"] == "transactional"
    assert answer["trace"] == sent["trace"]
    gone, later = answer["deliveries"]
    assert gone == {
        "recipient": "gone@customer.example.com",
        "status": "bounced",
        "reply": "550 5.1.1 User unknown",
        "reason": "There is no such mailbox.",
        "attempts": 1,
        "next_attempt_at": None,
    }
    assert (later["status"], later["reply"], later["reason"], later["attempts"]) == ("queued", None, None, 0)
    assert later["next_attempt_at"] is not None


def test_another_workspaces_message_is_not_found_and_not_listed(caller: Caller, outsider: Caller) -> None:
    sent = caller.send().json()
    assert refusal(outsider.get(f"/messages/{sent['id']}")) == (404, "not_found", None)
    assert outsider.get("/messages").json() == {"messages": [], "next_before": None}
    assert refusal(caller.get(f"/messages/{uuid4()}")) == (404, "not_found", None)


def test_an_outsider_can_neither_use_our_companies_nor_our_servers(workspace: Workspace, outsider: Caller) -> None:
    assert refusal(outsider.send(company="My Company"))[1] == "unknown_company"
    assert refusal(outsider.send(server="Company mail"))[1] == "unknown_server"
    assert not Message.objects.exists()


def test_the_list_is_paged_from_the_newest_on(caller: Caller) -> None:
    sent = [caller.send(subject=str(number)).json()["id"] for number in range(5)]
    pages, before = [], ""
    while True:
        page = caller.get(f"/messages?limit=2{before}").json()
        MessageList.model_validate(page)
        pages.append([message["id"] for message in page["messages"]])
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    assert pages == [[sent[4], sent[3]], [sent[2], sent[1]], [sent[0]]]


def test_the_list_is_filtered_by_tag_and_by_the_state_of_a_delivery(caller: Caller) -> None:
    order = caller.send(tags=["order"]).json()["id"]
    invoice = caller.send(tags=["invoice", "order 2"]).json()["id"]
    Delivery.objects.filter(message=invoice).update(status="sent")
    assert _ids(caller.get("/messages?tag=order")) == [order]
    assert _ids(caller.get("/messages?status=sent")) == [invoice]
    assert _ids(caller.get("/messages?status=queued&tag=invoice")) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("before=yesterday", "before"),
        ("status=lost", "status"),
        ("tag=%00", "tag"),
    ],
)
def test_the_list_refuses_a_parameter_that_makes_no_sense(caller: Caller, query: str, field: str) -> None:
    status, code, named = refusal(caller.get(f"/messages?{query}"))
    assert (status, named) == (422, field)
    assert code in {"wrong_type", "invalid_value"}


def test_listing_takes_two_queries_however_many_messages(caller: Caller) -> None:
    for _ in range(5):
        caller.send()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(_ids(caller.get("/messages"))) == 5
    assert len(queries) == 2  # the key, the messages


def test_sending_takes_at_most_six_queries(caller: Caller) -> None:
    caller.send()  # fills the routing caches
    with CaptureQueriesContext(connection) as queries:
        assert caller.send().status_code == 202
    assert len(statements(queries)) <= 6, statements(queries)


def test_the_answer_is_what_the_description_says(caller: Caller) -> None:
    answer = Accepted.model_validate(caller.send().json(), by_alias=True)
    assert UUID(str(answer.id)).version == 7


def _ids(response: Any) -> list[str]:
    assert response.status_code == 200
    return [message["id"] for message in response.json()["messages"]]


def _as_json(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
