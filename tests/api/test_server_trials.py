"""Can a program have a server tried, and read what was found?"""

import asyncio

import pytest

from postroom.servers import connection_tests
from postroom.servers.models import ConnectionTest, OutgoingServer
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller, add_server, refusal

PATH = "/servers/Company mail/test"


def test_a_wish_is_taken_and_its_result_read_later(
    transactional_db: None, workspace: Workspace, caller: Caller
) -> None:
    OutgoingServer.objects.filter(name="Company mail").update(host="127.0.0.1", port=1, encryption="none")
    answer = caller.post(PATH, {})
    assert answer.status_code == 202
    asked = answer.json()
    assert (asked["running"], asked["recipient"], asked["trials"]) == (True, "catchall@company-name.com", [])
    asyncio.run(connection_tests.run(ConnectionTest.objects.get().pk))
    found = caller.get(PATH).json()
    first, second = found["trials"]
    assert not found["running"]
    assert (first["passed"], second["passed"]) == (False, None)
    assert first["steps"][-1]["step"] == "connect"
    assert first["steps"][-1]["cause"] == "no-connection"
    assert "465, 587 or 2525" in first["steps"][-1]["hint"]


def test_a_server_that_was_not_tried_has_no_result(caller: Caller) -> None:
    assert refusal(caller.get(PATH)) == (404, "not_found", None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [({"recipient": "nobody"}, (422, "invalid_address", "recipient")), ({"to": "x"}, (422, "unknown_field", "to"))],
)
def test_a_wish_that_makes_no_sense_is_refused(caller: Caller, body: dict[str, str], expected: tuple[object]) -> None:
    assert refusal(caller.post(PATH, body)) == expected


def test_another_workspaces_server_is_unknown(caller: Caller, outsider: Caller) -> None:
    assert refusal(outsider.post(PATH, {}))[1] == "unknown_server"
    add_server(Workspace.objects.get(slug="other"), "Company mail")
    assert outsider.post(PATH, {}).status_code == 202
    assert ConnectionTest.objects.get().server.workspace.slug == "other"
