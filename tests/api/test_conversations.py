"""Can an application keep its conversations by HTTP alone, and is whatever it says answered?"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.threads.models import Contact, Record
from tests.api.conftest import refusal
from tests.api.test_random_json import ODD_TEXTS, values
from tests.threads.desk import MARY, Desk, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- record types --------------------------------------------------------------------------------------------------

SUBTYPES = [
    {"key": "stage", "label": "Stage changed", "default": False},
    {"key": "won", "label": "Won"},
    {"key": "margin", "label": "Margin", "internal": True},
    {"key": "sync", "label": "Synchronised", "hidden": True},
]


def test_a_record_type_is_registered_with_its_subtypes_and_changed_by_saying_it_again(desk: Desk) -> None:
    desk.call("/record-types", {"key": "sale.order", "label": "Order", "owns_alias": True, "subtypes": SUBTYPES})
    (order,) = (each for each in desk.ask("/record-types")["record_types"] if each["key"] == "sale.order")
    assert (order["label"], order["owns_alias"]) == ("Order", True)
    assert {each["key"]: (each["default"], each["internal"], each["hidden"]) for each in order["subtypes"]} == {
        "comment": (True, False, False), "note": (True, True, False), "stage": (False, False, False),
        "won": (True, False, False), "margin": (True, True, False), "sync": (True, False, True),
    }  # fmt: skip
    changed = [{"key": "won", "label": "Sold", "default": False}]
    again = desk.call("/record-types", {"key": "sale.order", "label": "Sales order", "subtypes": changed})
    assert (again["label"], again["owns_alias"], len(again["subtypes"])) == ("Sales order", False, 6)


def test_new_followers_are_told_of_what_is_default_and_contacts_never_of_what_is_internal(desk: Desk) -> None:
    desk.call("/record-types", {"key": "crm.lead", "label": "Lead", "subtypes": SUBTYPES})
    desk.add_server()
    ann, lead = desk.add_user("Ann"), desk.add_record()
    desk.follow(lead, ann)
    desk.follow(lead, MARY)
    assert [each["subtypes"] for each in desk.ask(f"/records/{lead}/followers")["followers"]] == [
        ["comment", "margin", "note", "sync", "won"], ["comment", "sync", "won"],
    ]  # fmt: skip
    desk.follow(lead, MARY, subtypes=["margin", "stage"])
    reached = {key: set(told(desk.write(lead, None, subtype=key))) for key in ("won", "margin", "stage")}
    mary = "mary@customer.example.com"
    assert reached == {"won": {ann.email}, "margin": {ann.email}, "stage": {mary}}


# --- records -------------------------------------------------------------------------------------------------------


def test_a_record_is_known_by_the_applications_id_and_changed_by_saying_it_again(desk: Desk) -> None:
    lead = desk.add_record("Roof", url="https://crm.example/1")
    assert desk.call("/records", {"type": "crm.lead", "external_id": "Roof", "name": "New roof"})["id"] == lead
    (found,) = desk.ask("/records?type=crm.lead&external_id=Roof")["records"]
    assert (found["name"], found["url"], found["company"]) == ("New roof", "https://crm.example/1", "My Company")
    answer = desk.app.post("/records", {"type": "crm.order", "external_id": "1", "name": "x"})
    assert refusal(answer) == (422, "unknown_record_type", "type")


def test_who_posts_to_or_follows_a_record_that_was_merged_does_so_where_its_thread_is(desk: Desk) -> None:
    desk.add_server()
    old, into = desk.add_record("Old"), desk.add_record("Into")
    desk.call(f"/records/{old}/merge", {"into": into})
    assert desk.ask(f"/records/{old}")["merged_into"] == into
    desk.follow(old, MARY)
    row = desk.write(old, None)
    assert (row["record"], set(told(row))) == (into, {"mary@customer.example.com"})
    assert [post["id"] for post in desk.posts(old)] == [post["id"] for post in desk.posts(into)] == [row["id"]]
    assert len(desk.ask(f"/records/{old}/followers")["followers"]) == 1


def test_posts_of_another_thread_are_neither_split_off_nor_moved(desk: Desk) -> None:
    lead, other = desk.add_record("One"), desk.add_record("Two")
    post = desk.write(other, None)["id"]
    for path, body in (("split", {"name": "x"}), ("move", {"to": other})):
        answer = desk.app.post(f"/records/{lead}/{path}", {"posts": [post], **body})
        assert refusal(answer) == (404, "not_found", "posts")
    assert Record.objects.count() == 2


@pytest.mark.parametrize(
    "path", ["/records?external_id=%00", "/inbound/desk?author=%00", "/aliases/resolve?address=%00%00%00"]
)
def test_what_cannot_be_stored_is_not_looked_for(desk: Desk, path: str) -> None:
    assert refusal(desk.app.get(path))[:2] == (422, "invalid_value")


def test_a_contact_is_one_however_the_address_is_written(desk: Desk) -> None:
    lead = desk.add_record()
    for address in (MARY, "MARY@Customer.Example.com", "jürgen@müller.example", "jürgen@XN--MLLER-KVA.example"):
        desk.follow(lead, address)
    assert sorted(Contact.objects.values_list("address", "name")) == [
        ("jürgen@xn--mller-kva.example", ""), ("mary@customer.example.com", "Mary"),
    ]  # fmt: skip


# --- whatever is said ----------------------------------------------------------------------------------------------

texts = st.sampled_from([*ODD_TEXTS, "crm.lead", "info", "company-name.com", MARY, "stage"])
numbers = st.sampled_from([0, 1, -1, 2**31, 2**63, 10**30])
# By path, the fields that it knows; {id} is a record's that there is.
BODIES = {
    "/record-types": ("key", "label", "owns_alias", "subtypes"),
    "/records": ("type", "external_id", "name", "url", "company"),
    "/records/{id}/posts": ("kind", "author", "subject", "text", "html", "subtype", "to", "cc", "attachments"),
    "/records/{id}/followers": ("user", "contact", "subtypes"),
    "/records/{id}/merge": ("into",),
    "/records/{id}/split": ("posts", "name"),
    "/records/{id}/move": ("posts", "to"),
    "/aliases": (
        "local_part", "domains", "record_type", "forced_record", "defaults", "policy", "refusal", "matches_local_part",
    ),
    "/aliases/remove": ("address",),
    "/inbound/json": ("raw", "recipients", "return_path"),
    "/inbound/desk/replay": ("ids", "recipient", "author"),
    "/inbound/desk/rules": ("recipient", "author", "action", "record", "record_type"),
}  # fmt: skip
SOUND: dict[str, Any] = {
    "key": "crm.order", "label": "Order", "subtypes": [], "type": "crm.lead", "external_id": "1", "name": "Roof",
    "text": "Hello", "contact": MARY, "local_part": "info", "domains": ["company-name.com"], "action": "drop",
    "address": "info@company-name.com", "raw": "", "recipients": [], "posts": [1],
}  # fmt: skip


@settings(
    max_examples=60, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.sampled_from(sorted(BODIES)), st.data())
def test_no_json_makes_a_conversation_fail(desk: Desk, path: str, data: st.DataObject) -> None:
    lead = Record.objects.values_list("pk", flat=True).first() or desk.add_record()
    odd = st.dictionaries(
        st.sampled_from(BODIES[path]), texts | numbers | st.lists(texts | numbers, max_size=2) | values, max_size=2
    )
    sound = {name: SOUND[name] for name in BODIES[path] if name in SOUND}
    body = {**sound, **data.draw(odd)}
    answer = desk.app.post(path.format(id=lead), json.dumps(body))
    assert answer.status_code < 500, (path, body, answer.content)
