"""Can a program look after mail that found no place, and ask who still uses an address?"""

from typing import Any

import pytest

from postroom.inbound.handle import handle_received
from postroom.workspaces.create import create_workspace
from postroom.workspaces.keys import create_key
from tests.api.conftest import Caller, refusal
from tests.inbound.mail import BOUNCE, letter, report, take
from tests.threads.desk import MARY, Desk

HERE = "/inbound/desk"
NOBODY = "sales@company-name.com"


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


@pytest.fixture
def waiting(desk: Desk) -> int:
    return take(letter(subject="My roof"), NOBODY).pk


def listed(desk: Desk, query: str = "") -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = desk.ask(f"{HERE}{query}")["messages"]
    return messages


def test_the_desk_is_listed_page_by_page_and_each_mail_shown(desk: Desk, waiting: int) -> None:
    other = take(letter(subject="Second"), NOBODY).pk
    page = desk.ask(f"{HERE}?limit=1")
    assert ([row["id"] for row in page["messages"]], page["next_before"]) == ([other], other)
    assert [row["id"] for row in listed(desk, f"?before={other}&author=mary@customer.example.com")] == [waiting]
    shown = desk.ask(f"{HERE}/{waiting}")
    assert (shown["subject"], shown["text"].strip(), shown["source"]) == ("My roof", "How are you?", "mx")
    assert shown["reason"]


def test_mail_is_attached_made_a_record_or_an_alias(desk: Desk, waiting: int) -> None:
    lead = desk.add_record()
    assert desk.call(f"{HERE}/{waiting}/attach", {"record": lead})["record"] == lead
    again = desk.app.post(f"{HERE}/{waiting}/attach", {"record": lead})
    assert refusal(again)[:2] == (422, "not_on_desk")
    second = take(letter(subject="Second"), NOBODY).pk
    made = desk.call(f"{HERE}/{second}/create", {"type": "crm.lead", "name": "Roof"})
    assert desk.ask(f"/records/{made['record']}")["name"] == "Roof"
    third = take(letter(subject="Third"), NOBODY).pk
    assert desk.call(f"{HERE}/{third}/alias", {"record_type": "crm.lead"}) == {"address": NOBODY}
    handle_received()
    assert desk.ask(f"{HERE}/{third}")["state"] == "handled"


def test_mail_is_dropped_restored_and_replayed_by_what_it_is(desk: Desk, waiting: int) -> None:
    assert desk.call(f"{HERE}/drop", {"ids": [waiting]}) == {"changed": 1}
    assert (listed(desk), len(listed(desk, "?state=dropped"))) == ([], 1)
    assert desk.call(f"{HERE}/restore", {"recipient": NOBODY}) == {"changed": 1}
    assert desk.call(f"{HERE}/replay", {"author": "mary@customer.example.com", "kind": "ordinary"}) == {"changed": 1}
    handle_received()
    assert [row["id"] for row in listed(desk)] == [waiting]


def test_rules_are_made_listed_and_ended(desk: Desk, waiting: int) -> None:
    rule = desk.call(f"{HERE}/rules", {"author": "mary@customer.example.com", "action": "drop"})
    assert desk.ask(f"{HERE}/rules") == {"rules": [rule]}
    handle_received()
    assert listed(desk) == []
    assert refusal(desk.app.post(f"{HERE}/rules", {"action": "drop"}))[1] == "incomplete_rule"
    assert desk.app.delete(f"{HERE}/rules/{rule['id']}").json() == {"rules": []}
    assert desk.app.delete(f"{HERE}/rules/{rule['id']}").status_code == 404


def test_what_is_no_bounce_is_handled_as_ordinary_mail(desk: Desk) -> None:
    row = take(report(recipient="joe@customer.example.com"), BOUNCE)
    assert desk.call(f"{HERE}/{row.pk}/not-a-bounce", {}) == {"changed": 0}
    handle_received()
    assert desk.ask(f"{HERE}/{row.pk}")["kind"] == "ordinary"


def test_another_workspace_sees_nothing_of_it(desk: Desk, waiting: int) -> None:
    outsider = Caller(create_key(create_workspace("other", company="Other"), name="x"))
    assert outsider.get(HERE).json()["messages"] == []
    for path in (f"{HERE}/{waiting}", f"{HERE}/{waiting}/attach"):
        assert outsider.get(path).status_code in (404, 405)
    assert outsider.post(f"{HERE}/{waiting}/create", {"type": "crm.lead"}).status_code == 404
    assert outsider.post(f"{HERE}/drop", {"ids": [waiting]}).json() == {"changed": 0}


def test_who_still_uses_an_address_is_told_before_it_changes(desk: Desk) -> None:
    desk.add_server()
    lead = desk.add_record()
    desk.follow(lead, MARY)
    desk.write(lead, None)
    (told,) = desk.call("/domains/company-name.com/impact", {"bounce": "returns"})["impact"]
    assert told == {
        "address": BOUNCE, "use": "bounce", "threads": 1, "unsent": 1,
        "words": "1 open thread and 1 unsent message use bounce@company-name.com (bounce).",
    }  # fmt: skip
    assert len(desk.call("/domains/company-name.com/impact", {"remove": True})["impact"]) == 4
    desk.call("/aliases", {"local_part": "info", "domains": ["company-name.com"], "record_type": "crm.lead"})
    assert desk.ask("/aliases/impact?address=info@company-name.com")["impact"][0]["threads"] == 0
