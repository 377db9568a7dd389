"""Does any address of the API show or change what belongs to a workspace of others, asked for by its real key?"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from postroom.api.application import api
from postroom.workspaces.create import create_workspace
from postroom.workspaces.keys import create_key
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller
from tests.web.belongings import everything_of, furnish

MARK = "zanzibar"  # in every name of theirs, and in no text of ours
_PARAMETER = re.compile(r"\{(\w+)\}")
# parameter of an address: the kind of thing it names.
KINDS = {
    "message_id": "message",
    "campaign": "campaign",
    "rule_id": "rule",
    "incoming_id": "incoming",
    "number": "incoming",
    "record_id": "record",
    "notification_id": "notification",
    "webhook_id": "webhook",
}
# What `name` names depends on where it stands.
NAMES = {"servers": "server_name", "domains": "domain_name", "incoming-servers": "incoming_server_name"}
ACTION = "cancel"  # the only parameter that names nothing
UNKNOWN = {
    "unknown_server",
    "unknown_company",
    "unknown_alias",
    "not_a_member",
}  # codes of what names the thing in a field
# Makes one's own of that name when there is none.
MAKES_ITS_OWN = {"put_incoming_server"}

OPERATIONS = [
    (method, path, operation["operationId"])
    for path, methods in api.get_openapi_schema()["paths"].items()
    for method, operation in methods.items()
]
TAKES_A_THING = [each for each in OPERATIONS if set(_PARAMETER.findall(each[1])) - {"action"}]


@pytest.fixture
def others(db: None) -> Workspace:
    return create_workspace("others", company=f"First of {MARK}")


@pytest.fixture
def theirs(others: Workspace) -> dict[str, str]:
    return {**furnish(others, MARK), **names_with(MARK)}


@pytest.fixture
def ours(theirs: dict[str, str]) -> dict[str, str]:
    return {**furnish(create_workspace("own", company="Own"), "own"), **names_with("own")}


@pytest.fixture
def outsider(ours: dict[str, str]) -> Caller:
    return Caller(create_key(Workspace.objects.get(slug="own"), name="shop"))


def names_with(mark: str) -> dict[str, str]:
    """How the API calls what it calls by name."""
    return {
        "server_name": f"Server of {mark}",
        "domain_name": f"{mark}.example.com",
        "incoming_server_name": f"Mailbox of {mark}",
        "campaign": mark,
    }


@pytest.mark.parametrize(("method", "path", "name"), TAKES_A_THING)
def test_knows_what_each_parameter_names(method: str, path: str, name: str) -> None:
    named = set(_PARAMETER.findall(path)) - {"action"} - set(KINDS)
    assert named <= ({"name"} if path.split("/")[3] in NAMES else set()), "say it in KINDS, and let `furnish` make one"


def test_an_outsiders_key_finds_nothing_and_changes_nothing(
    outsider: Caller, others: Workspace, theirs: dict[str, str], ours: dict[str, str]
) -> None:
    before, faults = everything_of(others), {}
    for method, path, name in TAKES_A_THING:
        if name in MAKES_ITS_OWN:
            continue
        answer = ask(outsider, method, path, bodies(ours).get(name, {}), things=theirs)
        if not is_unknown(answer):
            faults[name] = answer.content
    assert not faults
    assert everything_of(others) == before


def test_their_own_key_is_answered_at_the_same_addresses(others: Workspace, theirs: dict[str, str]) -> None:
    """Without this, an address that is wrong for everybody would pass for a closed one."""
    caller, faults = Caller(create_key(others, name="shop")), {}
    for method, path, name in TAKES_A_THING:
        with transaction.atomic():
            answer = ask(caller, method, path, bodies(theirs).get(name, {}), things=theirs)
            if is_unknown(answer):
                faults[name] = answer.content
            transaction.set_rollback(True)
    assert not faults


def test_naming_their_things_in_a_request_of_ones_own_finds_and_changes_nothing(
    outsider: Caller, others: Workspace, theirs: dict[str, str], ours: dict[str, str]
) -> None:
    before, found = everything_of(others), {}
    for path, body in requests_naming(theirs, ours):
        with transaction.atomic():
            answer = outsider.post(path, body)
            if not is_unknown(answer) and answer.json() != {"changed": 0}:
                found[path] = answer.content
            assert everything_of(others) == before, path
            transaction.set_rollback(True)
    assert not found


def requests_naming(theirs: dict[str, str], ours: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every request whose body names a thing of a workspace."""
    record, post, mail = int(theirs["record"]), int(theirs["post"]), int(theirs["incoming"])
    message = {"from": "a@own.example.com", "to": "b@example.com", "subject": "Hello", "text": "Hi"}
    yield "/messages", {**message, "server": theirs["server_name"]}
    yield "/messages", {**message, "company": f"First of {MARK}"}
    yield "/route", {"from": "a@own.example.com", "server": theirs["server_name"]}
    yield "/deliveries/cancel", {"messages": [theirs["message"]]}
    yield f"/records/{ours['record']}/merge", {"into": record}
    yield f"/records/{ours['record']}/move", {"posts": [int(ours["post"])], "to": record}
    yield f"/records/{ours['record']}/move", {"posts": [post], "to": int(ours["record"])}
    yield f"/records/{ours['record']}/split", {"posts": [post], "name": "Taken"}
    yield f"/records/{ours['record']}/followers", {"user": f"olga@{MARK}.example.com"}
    yield f"/records/{ours['record']}/posts", {"text": "Hello", "author": {"user": f"olga@{MARK}.example.com"}}
    yield f"/inbound/desk/{ours['incoming']}/attach", {"record": record}
    yield "/inbound/desk/rules", {"author": "a@example.com", "action": "attach", "record": record}
    yield from ((f"/inbound/desk/{act}", {"ids": [mail]}) for act in ("drop", "restore", "replay"))
    yield "/aliases/remove", {"address": f"sales-{MARK}@{MARK}.example.com"}
    yield "/aliases/probe", {"address": f"sales-{MARK}@{MARK}.example.com"}


def is_unknown(answer: Any) -> bool:
    code = re.search(r'"code": "(\w+)"', answer.content.decode())
    return answer.status_code == 404 or (code is not None and code[1] in UNKNOWN)


def bodies(own: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What must be said before the thing in the address is looked for, naming one's own."""
    return {
        "post_letter": {"to": "me@example.com"},
        "merge_record": {"into": int(own["record"])},
        "move_posts": {"posts": [int(own["post"])], "to": int(own["record"])},
        "split_record": {"posts": [int(own["post"])], "name": "Taken"},
        "post_follower": {"contact": "me@example.com"},
        "attach_incoming": {"record": int(own["record"])},
        "create_of_incoming": {"type": "crm.lead"},
        "make_alias_of_recipient": {"record_type": "crm.lead"},
    }


def ask(caller: Caller, method: str, path: str, body: dict[str, Any], *, things: dict[str, str]) -> Any:
    chosen = {parameter: things[kind] for parameter, kind in KINDS.items()}
    chosen |= {"name": things.get(NAMES.get(path.split("/")[3], ""), ""), "action": ACTION}
    address = _PARAMETER.sub(lambda match: chosen[match[1]], path)
    headers = {"Authorization": f"Bearer {caller.key}"}
    return caller.client.generic(
        method.upper(), address, json.dumps(body), content_type="application/json", headers=headers
    )
