import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pydantic import TypeAdapter

from postroom.api import schemas
from tests.api.conftest import Caller, message

VERBS = {"get", "post", "delete", "patch"}


@pytest.fixture
def description() -> dict[str, Any]:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    described: dict[str, Any] = response.json()
    return described


def test_the_description_names_every_operation_once(description: dict[str, Any]) -> None:
    operations = {
        (method, path): operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {
        ("post", "/api/v1/messages"),
        ("get", "/api/v1/messages"),
        ("post", "/api/v1/messages/batch"),
        ("get", "/api/v1/messages/{message_id}"),
        ("post", "/api/v1/messages/{message_id}/{action}"),
        ("post", "/api/v1/deliveries/{action}"),
        ("post", "/api/v1/route"),
        ("get", "/api/v1/alerts"),
        ("get", "/api/v1/servers"),
        ("get", "/api/v1/domains"),
        ("get", "/api/v1/domains/{name}/check"),
        ("post", "/api/v1/domains/{name}/check"),
        ("get", "/api/v1/domains/{name}/records"),
        ("get", "/api/v1/domains/{name}/reports"),
        ("get", "/api/v1/servers/{name}/test"),
        ("post", "/api/v1/servers/{name}/test"),
        ("get", "/api/v1/aliases/proven"),
        ("post", "/api/v1/aliases/probe"),
        ("get", "/api/v1/incoming-servers"),
        ("put", "/api/v1/incoming-servers/{name}"),
        ("delete", "/api/v1/incoming-servers/{name}"),
        ("post", "/api/v1/incoming-servers/{name}/fetch"),
        ("post", "/api/v1/incoming-servers/{name}/test"),
        ("get", "/api/v1/incoming-servers/{name}/test"),
        ("post", "/api/v1/inbound"),
        ("post", "/api/v1/inbound/json"),
        ("get", "/api/v1/inbound/{number}/authentication"),
        ("get", "/api/v1/inbound/desk"),
        ("get", "/api/v1/inbound/desk/{incoming_id}"),
        ("post", "/api/v1/inbound/desk/{incoming_id}/attach"),
        ("post", "/api/v1/inbound/desk/{incoming_id}/create"),
        ("post", "/api/v1/inbound/desk/{incoming_id}/alias"),
        ("post", "/api/v1/inbound/desk/{incoming_id}/not-a-bounce"),
        ("post", "/api/v1/inbound/desk/drop"),
        ("post", "/api/v1/inbound/desk/restore"),
        ("post", "/api/v1/inbound/desk/replay"),
        ("get", "/api/v1/inbound/desk/rules"),
        ("post", "/api/v1/inbound/desk/rules"),
        ("delete", "/api/v1/inbound/desk/rules/{rule_id}"),
        ("post", "/api/v1/domains/{name}/impact"),
        ("post", "/api/v1/domains/{name}/letter"),
        ("get", "/api/v1/aliases/impact"),
        ("get", "/api/v1/suppressions"),
        ("post", "/api/v1/suppressions"),
        ("post", "/api/v1/suppressions/release"),
        ("get", "/api/v1/suppressions/table"),
        ("get", "/api/v1/aliases"),
        ("post", "/api/v1/aliases"),
        ("post", "/api/v1/aliases/remove"),
        ("get", "/api/v1/aliases/resolve"),
        ("get", "/api/v1/aliases/retired"),
        ("get", "/api/v1/record-types"),
        ("post", "/api/v1/record-types"),
        ("get", "/api/v1/records"),
        ("post", "/api/v1/records"),
        ("get", "/api/v1/records/{record_id}"),
        ("patch", "/api/v1/records/{record_id}"),
        ("post", "/api/v1/records/{record_id}/merge"),
        ("post", "/api/v1/records/{record_id}/move"),
        ("post", "/api/v1/records/{record_id}/split"),
        ("post", "/api/v1/records/{record_id}/resume"),
        ("get", "/api/v1/records/{record_id}/posts"),
        ("post", "/api/v1/records/{record_id}/posts"),
        ("get", "/api/v1/records/{record_id}/followers"),
        ("post", "/api/v1/records/{record_id}/followers"),
        ("post", "/api/v1/records/{record_id}/unfollow"),
        ("post", "/api/v1/notifications/{notification_id}/retry"),
        ("post", "/api/v1/notifications/{notification_id}/ignore"),
        ("get", "/api/v1/campaigns/{campaign}"),
        ("get", "/api/v1/webhooks"),
        ("post", "/api/v1/webhooks"),
        ("delete", "/api/v1/webhooks/{webhook_id}"),
        ("post", "/api/v1/webhooks/{webhook_id}/enable"),
        ("post", "/api/v1/webhooks/{webhook_id}/test"),
        ("post", "/api/v1/suppressions/table"),
    }
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)
    assert all(operation["security"] == [{"ApiKeyAuth": []}] for operation in operations.values())
    for (_, path), operation in operations.items():
        in_path = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def test_every_reference_of_the_description_leads_somewhere(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.")
    references = set(_references(description))
    assert "#/components/schemas/MessageIn" in references
    for reference in references:
        place = description
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_a_message_is_described_with_every_field_and_no_other(description: dict[str, Any]) -> None:
    described = description["components"]["schemas"]["MessageIn"]
    assert described["additionalProperties"] is False
    assert set(described["properties"]) == {
        "from", "to", "cc", "bcc", "reply_to", "subject", "html", "text", "attachments", "headers", "company",
        "stream", "server", "scheduled_at", "priority", "campaign", "tags",
    }  # fmt: skip


def test_answers_have_the_described_fields(caller: Caller, description: dict[str, Any]) -> None:
    sent = caller.send().json()
    batch = caller.post("/messages/batch", {"messages": [message(), {}]}).json()
    answers = {
        "Accepted": sent,
        "BatchAccepted": batch["results"][0],
        "BatchRefused": batch["results"][1],
        "Rehearsal": caller.post("/route", {}).json(),
        "MessageOut": caller.get(f"/messages/{sent['id']}").json(),
        "MessageList": caller.get("/messages").json(),
        "Refusal": caller.post("/messages", {}).json(),
    }
    for name, answer in answers.items():
        TypeAdapter(getattr(schemas, name)).validate_python(answer)
        described = description["components"]["schemas"][name]
        assert set(described.get("required", [])) <= set(answer) <= set(described["properties"])


def test_the_page_for_people_explains_every_operation_and_field_and_loads_nothing(description: dict[str, Any]) -> None:
    response = Client().get("/api/v1/docs")
    page = response.content.decode()
    assert response.status_code == 200
    for path, methods in description["paths"].items():
        assert all(f"{method.upper()} {path}" in page for method in methods)
    for schema in description["components"]["schemas"].values():
        assert all(f"<code>{field}</code>" in page for field in schema.get("properties", {}))
    assert re.findall(r"<script|<link|<img|\bsrc=|url\(|https?://", page) == []
    anchors = set(re.findall(r'href="#([^"]+)"', page))
    assert anchors <= set(re.findall(r'id="([^"]+)"', page))
    assert "style-src 'sha256-" in response["Content-Security-Policy"]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _references(child)
