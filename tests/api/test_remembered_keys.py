"""Does a key that was remembered from a request before count only while it and the settings are what they were?"""

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postroom.outbound import queue
from postroom.outbound.models import Delivery, Message, MessageContent
from postroom.workspaces.models import ApiKey, Company, Workspace
from tests.api.conftest import Caller, message, refusal
from tests.outbound.office import conninfo
from tests.peers.waiting import PATIENCE_SECONDS

# Inside a test's own transaction nothing is remembered.
pytestmark = pytest.mark.django_db(transaction=True)
REVOKED = (401, "unknown_api_key", None)


@pytest.fixture(autouse=True)
def known(caller: Caller) -> None:
    """The key has been used."""
    queue._lanes.clear()  # known from before the database was emptied
    assert caller.send(subject="First").status_code == 202


def revoke() -> None:
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")


def test_another_message_takes_one_statement(caller: Caller) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert caller.send().status_code == 202
    assert len(queries) == 1


def test_the_workers_hear_of_it(caller: Caller) -> None:
    with psycopg.connect(conninfo(), autocommit=True) as listener:
        listener.execute("LISTEN postroom_lane")
        assert caller.send().status_code == 202
        (notice,) = listener.notifies(timeout=PATIENCE_SECONDS, stop_after=1)
    assert notice.payload.endswith(f"/{Delivery.objects.latest('submitted_at').lane_id}")


def test_a_revoked_key_stores_nothing_more(caller: Caller) -> None:
    revoke()
    assert refusal(caller.send()) == REVOKED
    assert refusal(caller.post("/messages/batch", {"messages": [message(), message()]})) == REVOKED
    assert refusal(caller.send(key="order-1")) == REVOKED
    assert refusal(caller.send(from_="nonsense")) == REVOKED
    assert Message.objects.count() == MessageContent.objects.count() == 1


def test_a_revoked_key_gets_no_answer_twice(caller: Caller) -> None:
    assert caller.send(key="order-1").status_code == 202
    revoke()
    assert refusal(caller.send(key="order-1")) == REVOKED


def test_a_batch_of_nothing_but_refusals_is_not_answered_for_a_revoked_key(caller: Caller) -> None:
    revoke()
    assert refusal(caller.post("/messages/batch", {"messages": [message(from_="nonsense")]})) == REVOKED


def test_a_changed_setting_holds_for_the_next_message(caller: Caller, workspace: Workspace) -> None:
    workspace.outgoing_servers.filter(name="Company mail").update(from_filter="elsewhere.example.com")
    answer = caller.send().json()
    assert answer["server"] == "Everything else"
    stored = Message.objects.get(pk=answer["id"])
    assert stored.routed_version == Workspace.objects.get(pk=workspace.pk).routing_version


def test_a_company_made_a_moment_ago_is_known(caller: Caller, workspace: Workspace) -> None:
    assert refusal(caller.send(company="Subsidiary"))[1] == "unknown_company"
    Company.objects.create(workspace=workspace, name="Subsidiary")
    assert caller.send(company="Subsidiary").status_code == 202
    Company.objects.create(workspace=workspace, name="Another")
    (result,) = caller.post("/messages/batch", {"messages": [message(company="Another")]}).json()["results"]
    assert "error" not in result


def test_a_batch_that_names_a_new_company_is_stored_once(caller: Caller, workspace: Workspace) -> None:
    assert caller.send(company="My Company").status_code == 202  # known from before the new one
    Company.objects.create(workspace=workspace, name="Subsidiary")
    batch = {"messages": [message(company="My Company"), message(company="Subsidiary")]}
    assert caller.post("/messages/batch", batch).status_code == 202
    assert Message.objects.count() == 2 + len(batch["messages"])


def test_another_workspaces_changes_concern_nobody_else(caller: Caller, outsider: Caller) -> None:
    answer = outsider.send()
    assert answer.status_code == 202, answer.content
    ApiKey.objects.filter(workspace__slug="other").update(revoked_at="2026-01-01T00:00:00Z")
    assert refusal(outsider.send()) == REVOKED
    assert caller.send().status_code == 202
