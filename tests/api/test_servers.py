"""Does a program see what waits for each server, why, and when it will have left?"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from postroom.outbound.models import Outlet, Usage
from postroom.servers.endpoints import DEFAULT_SERVER_NAME
from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller, add_server


@pytest.fixture
def server(workspace: Workspace) -> OutgoingServer:
    return add_server(workspace, "Provider", from_filter="company-name.com", priority=0, max_messages_per_minute=30)


def stand(caller: Caller, name: str = "Provider") -> dict[str, Any]:
    response = caller.get("/servers")
    assert response.status_code == 200
    (found,) = [entry for entry in response.json()["servers"] if entry["server"] == name]
    return dict(found)


def test_what_is_due_and_what_waits_for_later_is_counted_by_stream(caller: Caller, server: OutgoingServer) -> None:
    caller.send()
    caller.send(stream="mass", campaign="November")
    caller.send(scheduled_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert stand(caller)["due"] == {"transactional": 1, "mass": 1}
    assert stand(caller)["later"] == {"transactional": 1, "mass": 0}


def test_a_limit_shows_its_use_and_when_the_last_will_have_left(
    caller: Caller, server: OutgoingServer, workspace: Workspace
) -> None:
    caller.send(to=[f"joe{number}@customer.example.com" for number in range(31)])
    outlet = Outlet.objects.get(server=server)
    assert stand(caller)["last_leaves_at"] is not None
    Usage.objects.create(outlet=outlet, workspace=workspace, at=Now() - timedelta(seconds=10), messages=29)
    found = stand(caller)
    assert found["limits"] == [{"messages": 30, "seconds": 60.0, "used": 29, "learned": False, "starts_anew_at": None}]
    seconds = (datetime.fromisoformat(found["last_leaves_at"]) - datetime.now(UTC)).total_seconds()
    assert 45 < seconds <= 60


def test_the_daily_limit_is_counted_by_utc_days(caller: Caller, workspace: Workspace) -> None:
    """As it is kept: what left yesterday evening takes nothing of today, and what is over leaves tomorrow."""
    workspace.outgoing_servers.all().delete()
    Workspace.objects.filter(pk=workspace.pk).update(default_server_daily_limit=5)
    caller.send(to=[f"joe{number}@customer.example.com" for number in range(4)])
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    outlet = Outlet.objects.get(server=None)
    Usage.objects.create(outlet=outlet, workspace=workspace, at=midnight - timedelta(minutes=1), messages=5)
    found = stand(caller, DEFAULT_SERVER_NAME)
    (limit,) = found["limits"]
    assert (limit["used"], limit["messages"]) == (0, 5)
    assert datetime.fromisoformat(limit["starts_anew_at"]) == midnight + timedelta(days=1)
    assert found["last_leaves_at"] is None
    Usage.objects.create(outlet=outlet, workspace=workspace, at=midnight, messages=2)
    found = stand(caller, DEFAULT_SERVER_NAME)
    assert found["limits"][0]["used"] == 2
    assert datetime.fromisoformat(found["last_leaves_at"]) == midnight + timedelta(days=1)


def test_mail_that_no_limit_holds_up_has_no_forecast(caller: Caller, server: OutgoingServer) -> None:
    caller.send()
    assert stand(caller)["last_leaves_at"] is None


def test_a_lesson_shows_the_servers_words_and_a_fault_until_when(caller: Caller, server: OutgoingServer) -> None:
    caller.send()
    Outlet.objects.filter(server=server).update(
        learned_per_minute=5, learned_at=Now(), lesson="450 4.7.28 Too fast", closed_until=Now() + timedelta(minutes=1),
        faults=1, fault="The server refused the login.",
    )  # fmt: skip
    found = stand(caller)
    limit = {"messages": 5, "seconds": 60.0, "used": 0, "learned": True, "starts_anew_at": None}
    assert found["limits"][-1] == limit
    assert (found["lesson"], found["fault"]) == ("450 4.7.28 Too fast", "The server refused the login.")
    assert found["closed_until"] is not None


def test_another_workspace_sees_nothing_of_it(caller: Caller, outsider: Caller, server: OutgoingServer) -> None:
    caller.send()
    assert [entry["server"] for entry in outsider.get("/servers").json()["servers"]] == []
