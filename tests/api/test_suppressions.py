"""Can a program keep the list of addresses that get no mail, and only its own?"""

from postroom.outbound.models import Suppression
from tests.api.conftest import Caller, refusal

MARY = "mary@customer.example.com"


def suppress(caller: Caller, *addresses: str, **fields: object) -> object:
    return caller.post("/suppressions", {"addresses": list(addresses), **fields}).json()


def listed(caller: Caller, query: str = "") -> list[str]:
    return [row["address"] for row in caller.get(f"/suppressions{query}").json()["suppressions"]]


def test_mail_to_a_suppressed_address_says_so_at_once(caller: Caller) -> None:
    assert suppress(caller, MARY, reason="Asked by telephone.") == {"changed": 1}
    sent = caller.send(to=MARY).json()
    assert (sent["status"], sent["leaves_at"]) == ("bounced", None)
    (told,) = caller.get(f"/messages/{sent['id']}").json()["deliveries"]
    assert (told["status"], told["reason"]) == ("bounced", "The address is suppressed: Asked by telephone.")


def test_the_list_is_paged_and_narrowed(caller: Caller) -> None:
    suppress(caller, "a@x.example", "b@x.example", scope="mass")
    suppress(caller, "c@y.example")
    assert listed(caller) == ["a@x.example", "b@x.example", "c@y.example"]
    assert listed(caller, "?address=@x.example") == listed(caller, "?scope=mass") == ["a@x.example", "b@x.example"]
    first = caller.get("/suppressions?limit=2").json()
    assert first["next_after"] == "b@x.example"
    last = caller.get(f"/suppressions?limit=2&after={first['next_after']}").json()
    assert ([row["address"] for row in last["suppressions"]], last["next_after"]) == (["c@y.example"], None)


def test_released_addresses_get_mail_again(caller: Caller) -> None:
    suppress(caller, MARY, "joe@customer.example.com", "ann@other.example")
    assert caller.post("/suppressions/release", {"addresses": ["@customer.example.com"]}).json() == {"changed": 2}
    assert listed(caller) == ["ann@other.example"]
    assert caller.send(to=MARY).json()["status"] == "queued"


def test_a_table_is_read_and_written(caller: Caller) -> None:
    assert caller.post("/suppressions/table", f"email\n{MARY}\n").json() == {"changed": 1}
    response = caller.get("/suppressions/table")
    assert response["Content-Type"].startswith("text/csv")
    header, row = b"".join(response.streaming_content).decode().splitlines()
    assert header == "address,scope,reason,source,created_at,expires_at"
    assert row.startswith(f"{MARY},all,")
    assert refusal(caller.post("/suppressions/table", "nothing"))[:2] == (422, "invalid_table")


def test_an_outsider_neither_sees_nor_changes_the_list(caller: Caller, outsider: Caller) -> None:
    suppress(caller, MARY)
    assert listed(outsider) == []
    assert outsider.post("/suppressions/release", {}).json() == {"changed": 0}
    assert b"mary" not in b"".join(outsider.get("/suppressions/table").streaming_content)
    suppress(outsider, MARY, scope="mass")
    assert Suppression.objects.count() == 2


def test_what_is_no_address_is_refused(caller: Caller) -> None:
    response = caller.post("/suppressions", {"addresses": ["nobody"]})
    assert refusal(response)[:2] == (422, "invalid_address")
    assert refusal(caller.post("/suppressions", {"addresses": []}))[:2] == (422, "invalid_value")
    late = {"addresses": [MARY], "expires_at": "9999-12-31T23:59:59-12:00"}
    assert refusal(caller.post("/suppressions", late))[:2] == (422, "invalid_value")
