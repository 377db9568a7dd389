"""Can a program set up servers from which mail is fetched, and see nobody else's and no password?"""

import json
from typing import Any

import pytest

from postroom.inbound.mailboxes import trial
from postroom.inbound.models import IncomingServer
from tests.api.conftest import Caller, refusal

BOX = {"host": "imap.example.com", "username": "mary", "password": "a secret"}


def put(caller: Caller, name: str = "Box", **fields: object) -> Any:
    headers = {"Authorization": f"Bearer {caller.key}"}
    body = json.dumps({**BOX, **fields})
    path = f"/api/v1/incoming-servers/{name}"
    return caller.client.put(path, body, content_type="application/json", headers=headers)


def test_a_server_is_made_with_what_is_usual_and_its_password_is_not_shown(caller: Caller) -> None:
    made = put(caller).json()
    assert (made["port"], made["encryption"], made["afterwards"], made["folder"]) == (993, "tls", "seen", "INBOX")
    assert "a secret" not in json.dumps(made)
    assert caller.get("/incoming-servers").json() == {"servers": [made]}


def test_what_is_not_given_stays(caller: Caller) -> None:
    put(caller, record_type="crm.lead", port=1993)
    changed = put(caller, name="box", folder="Leads").json()
    assert (changed["name"], changed["record_type"], changed["port"]) == ("Box", "crm.lead", 1993)
    assert IncomingServer.objects.get().password == "a secret"


def test_a_pop3_server_keeps_what_is_fetched_unless_told(caller: Caller) -> None:
    made = put(caller, protocol="pop3").json()
    assert (made["port"], made["afterwards"]) == (995, "keep")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"protocol": "pop3", "afterwards": "seen"}, "afterwards"),
        ({"host": "not a host"}, "host"),
        ({"port": 70_000}, "port"),
        ({"poll_seconds": 1}, "poll_seconds"),
        ({"username": ""}, "username"),
    ],
)
def test_says_what_is_wrong(caller: Caller, fields: dict[str, object], field: str) -> None:
    assert refusal(put(caller, **fields)) == (422, "invalid_server", field)


def test_an_account_is_connected_after_the_server_is_made(caller: Caller) -> None:
    made = put(caller, authentication="gmail", username="mary@gmail.example").json()
    assert (made["host"], made["account_state"]) == ("imap.example.com", "needs_sign_in")
    assert put(caller, authentication="login").json()["account_state"] is None
    assert refusal(put(caller, authentication="gmail", account="joe@gmail.example"))[:2] == (422, "unknown_account")


def test_is_tried_by_a_worker(caller: Caller) -> None:
    put(caller, host="no-such-host.invalid")
    assert refusal(caller.get("/incoming-servers/Box/test"))[:2] == (404, "not_found")
    assert caller.post("/incoming-servers/Box/test", "").status_code == 202
    trial.run(IncomingServer.objects.get().pk)
    told = caller.get("/incoming-servers/Box/test").json()
    (finding,) = told["findings"]
    assert (told["is_over"], finding["step"], finding["is_ok"]) == (True, "resolve", False)


def test_is_visited_at_once_when_asked(caller: Caller) -> None:
    put(caller)
    before = IncomingServer.objects.get().due_at
    assert caller.post("/incoming-servers/Box/fetch", {}).status_code == 202
    assert IncomingServer.objects.get().due_at >= before


def test_is_removed_and_hidden_from_others(caller: Caller, outsider: Caller) -> None:
    put(caller)
    assert outsider.get("/incoming-servers").json() == {"servers": []}
    assert outsider.delete("/incoming-servers/Box").status_code == 404
    assert caller.delete("/incoming-servers/Box").status_code == 204
    assert not IncomingServer.objects.exists()
