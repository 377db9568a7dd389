"""Is a scenario read strictly, and does each slip in one get an answer that says what to do?"""

import json
from typing import Any

import pytest

from postroom.policy.scenario import answer_scenario

SERVER = {"name": "Brevo", "priority": 1, "from_filter": "company-name.com", "active": True}
ALIAS_DOMAIN = {"name": "company-name.com", "bounce": "bounce", "catchall": "catchall", "default_from": "notifications"}
SCENARIO = {
    "id": 7,
    "policy": "documented",
    "from": '"Mary" <mary@customer.example.com>',
    "alias_domain": ALIAS_DOMAIN,
    "servers": [SERVER],
    "default_from_filter": None,
    "platform_from": None,
}


def answer(**changes: Any) -> dict[str, Any]:
    return answer_scenario(json.dumps(SCENARIO | changes).encode())


def test_the_answer_has_the_documented_shape() -> None:
    decision = answer()
    steps = decision.pop("steps")
    assert decision == {
        "id": 7,
        "server": "Brevo",
        "from": '"Mary" <notifications@company-name.com>',
        "from_address": "notifications@company-name.com",
        "from_rewritten": True,
        "return_path": "bounce@company-name.com",
        "reply_to": "catchall@company-name.com",
        "warnings": [],
    }
    assert all(set(step) == {"criterion", "matched", "why"} for step in steps)


def test_an_answer_has_no_id_where_the_scenario_has_none() -> None:
    scenario = {key: value for key, value in SCENARIO.items() if key != "id"}
    assert "id" not in answer_scenario(json.dumps(scenario).encode())


def test_an_empty_from_means_that_the_system_speaks() -> None:
    assert answer(**{"from": " "})["from"] == "notifications@company-name.com"


def test_what_is_expected_of_the_answer_is_not_read() -> None:
    assert answer(expected={"server": "nobody"}) == answer()


def test_a_forced_server_is_given_by_its_name() -> None:
    servers = [SERVER, SERVER | {"name": "Mailgun", "priority": 9}]
    assert answer(servers=servers, forced_server="Mailgun")["server"] == "Mailgun"
    assert answer(servers=servers, forced_server=None)["server"] == "Brevo"


def test_of_two_servers_with_one_name_the_active_one_is_forced() -> None:
    servers = [SERVER, SERVER | {"active": False}]
    assert answer(servers=servers, forced_server="Brevo")["server"] == "Brevo"
    assert answer(servers=servers[::-1], forced_server="Brevo")["server"] == "Brevo"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"from": "mary"}, "invalid_address", "from: “mary” is not an e-mail address"),
        ({"from": "a@b.example, c@d.example"}, "invalid_address", "from: “a@b.example, c@d.example” holds several"),
        ({"from": "Mary\r\nBcc: x <mary@b.example>"}, "invalid_address", "control character"),
        ({"from": "\ud800@b.example"}, "invalid_scenario", "from: holds half a character"),
        ({"from": None}, "invalid_scenario", "from: must be a text"),
        ({"from": 5}, "invalid_scenario", "from: must be a text"),
        ({"platform_from": "x@"}, "invalid_address", "platform_from: "),
        ({"from": "", "alias_domain": None}, "missing_from", "give a From"),
        ({"policy": "odoo"}, "invalid_scenario", "policy: must be one of: documented, prefer-notification-server"),
        ({"policy": None}, "invalid_scenario", "policy: must be a text"),
        ({"forced_server": "Mailgun"}, "unknown_server", "no outgoing server “Mailgun”"),
        ({"forced_server": "Brevo", "servers": [SERVER | {"active": False}]}, "unknown_server", "Brevo is archived"),
        ({"forced_server": ["Brevo"]}, "invalid_scenario", "forced_server: must be a text"),
        ({"servers": {}}, "invalid_scenario", "servers: must be a list"),
        ({"servers": ["Brevo"]}, "invalid_scenario", "servers[0]: must be an object with active, from_filter"),
        ({"servers": [SERVER, {}]}, "invalid_scenario", "servers[1]: The key “active” is missing"),
        ({"servers": [SERVER | {"host": "x"}]}, "invalid_scenario", "servers[0]: The key “host” is unknown"),
        ({"servers": [SERVER | {"priority": "1"}]}, "invalid_scenario", "servers[0].priority: must be a whole number"),
        ({"servers": [SERVER | {"priority": True}]}, "invalid_scenario", "servers[0].priority: "),
        ({"servers": [SERVER | {"priority": 1.5}]}, "invalid_scenario", "servers[0].priority: "),
        ({"servers": [SERVER | {"active": 1}]}, "invalid_scenario", "servers[0].active: must be true or false"),
        ({"servers": [SERVER | {"from_filter": []}]}, "invalid_scenario", "servers[0].from_filter: must be a text"),
        ({"servers": [SERVER | {"name": " "}]}, "invalid_scenario", "servers[0].name: must not be empty"),
        ({"servers": [SERVER | {"name": "\udfff"}]}, "invalid_scenario", "servers[0].name: holds half a character"),
        ({"alias_domain": "company-name.com"}, "invalid_scenario", "alias_domain: must be an object"),
        ({"alias_domain": ALIAS_DOMAIN | {"bounce": None}}, "invalid_scenario", "alias_domain.bounce: must be a text"),
        ({"alias_domain": ALIAS_DOMAIN | {"name": "a b"}}, "invalid_address", "alias_domain."),
        ({"alias_domain": ALIAS_DOMAIN | {"catchall": "a@b.example"}}, "invalid_address", "alias_domain.catchall: "),
        ({"default_from_filter": 1}, "invalid_scenario", "default_from_filter: must be a text"),
        ({"polcy": 1}, "invalid_scenario", "The key “polcy” is unknown; known are"),
        ({"\ud800": 1}, "invalid_scenario", "is unknown"),
    ],
)
def test_a_slip_is_answered_with_a_code_and_what_to_do(changes: dict[str, Any], code: str, words: str) -> None:
    refusal = answer(**changes)
    assert refusal.keys() == {"id", "error"}
    assert refusal["error"]["code"] == code
    assert words in refusal["error"]["message"]
    json.dumps(refusal, ensure_ascii=False).encode()


@pytest.mark.parametrize("key", [key for key in SCENARIO if key != "id"])
def test_a_missing_key_is_named(key: str) -> None:
    scenario = {name: value for name, value in SCENARIO.items() if name != key}
    error = answer_scenario(json.dumps(scenario).encode())["error"]
    assert error["code"] == "invalid_scenario"
    assert f"“{key}” is missing" in error["message"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"{'id': 1}", "is not JSON"),
        (b'{"id": NaN}', "NaN is not allowed"),
        (b'{"id": 1} {"id": 2}', "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b'{"id": 1, "id": 2}', "id: is given twice"),
        (b'{"servers": [{"name": "a", "name": "a"}]}', "name: is given twice"),
        (b'{"id": "\xff"}', "not UTF-8 from byte 9"),
        (b'{"id": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b"[" * 100_000, "nested far too deeply"),
        (b'{"id": true}', "id: must be a text or a whole number"),
        (b'{"id": [1]}', "id: must be"),
        (b'{"id": "\\ud800"}', "id: must be"),
    ],
)
def test_what_is_no_scenario_at_all_is_answered_too(text: bytes, words: str) -> None:
    refusal = answer_scenario(text)
    assert refusal.keys() == {"error"}
    assert refusal["error"]["code"] == "invalid_scenario"
    assert words in refusal["error"]["message"]


def test_a_byte_order_mark_is_skipped() -> None:
    assert answer_scenario(b"\xef\xbb\xbf" + json.dumps(SCENARIO).encode())["server"] == "Brevo"
