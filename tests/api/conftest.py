"""What do the API's tests find ready: two workspaces, and a program with a key of each?"""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.servers.models import OutgoingServer
from postroom.workspaces.create import create_workspace
from postroom.workspaces.keys import create_key
from postroom.workspaces.models import Workspace


@dataclass
class Caller:
    """A program that speaks to the API; with `key` None it has none."""

    key: str | None
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def post(self, path: str, body: Any, **headers: str) -> Any:
        content = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.client.post(
            f"/api/v1{path}", content, content_type="application/json", headers=self._authorization() | headers
        )

    def send(self, *, key: str | None = None, **fields: Any) -> Any:
        """Posts an ordinary message, changed by `fields` (`from_` is “from”), with the Idempotency-Key `key`."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.post("/messages", message(**fields), **headers)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self._authorization())

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1{path}", headers=self._authorization())

    def _authorization(self) -> dict[str, str]:
        return {} if self.key is None else {"Authorization": f"Bearer {self.key}"}


def message(**fields: Any) -> dict[str, Any]:
    ordinary = {"from_": "sales@company-name.com", "to": "mary@customer.example.com", "subject": "Hello", "text": "Hi"}
    return {name.rstrip("_"): value for name, value in {**ordinary, **fields}.items()}


def refusal(response: Any) -> tuple[int, str, str | None]:
    """Status, code and field of an answer that must be in the one shape of refusals."""
    body = response.json()
    assert set(body) == {"error"}
    assert {"code", "message"} <= set(body["error"]) <= {"code", "message", "field"}
    assert len(body["error"]["message"]) > 10
    return response.status_code, body["error"]["code"], body["error"].get("field")


def statements(queries: CaptureQueriesContext) -> list[str]:
    """The captured SQL without what only marks a place to roll back to."""
    marks = {"SAVEPOINT", "RELEASE", "ROLLBACK"}
    return [query["sql"] for query in queries if query["sql"].split()[0] not in marks]


@pytest.fixture
def workspace(db: None) -> Workspace:
    """Sends as company-name.com through “Company mail”, and otherwise through “Everything else”."""
    workspace = create_workspace("company-name", company="My Company")
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    add_server(workspace, "Company mail", priority=1, from_filter="company-name.com")
    add_server(workspace, "Everything else", priority=2)
    workspace.refresh_from_db()
    return workspace


@pytest.fixture
def caller(workspace: Workspace) -> Caller:
    return Caller(create_key(workspace, name="shop"))


@pytest.fixture
def outsider(db: None) -> Caller:
    """Holds a valid key, of another workspace."""
    return Caller(create_key(create_workspace("other", company="Other Company"), name="shop"))


def add_server(workspace: Workspace, name: str, **fields: Any) -> OutgoingServer:
    return OutgoingServer.objects.create(workspace=workspace, name=name, host="mail.example.com", **fields)
