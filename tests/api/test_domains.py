"""Does a program see the DNS of its workspace's domains, and nothing of others?"""

from collections.abc import Iterator
from dataclasses import replace
from quopri import decodestring

import pytest
from django.conf import settings

from postroom.api.domains import CheckOut, RecordList, ReportsOut
from postroom.api.schemas import Accepted
from postroom.domains.models import DomainCheck
from postroom.domains.nameserver import Nameserver
from postroom.domains.reports import store_report
from postroom.outbound.models import Message
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller, refusal
from tests.domains.test_reports import report
from tests.peers.nsd import run_nsd

NAME = "company-name.com"
PATHS = ("check", "records", "reports")

pytestmark = pytest.mark.requires("nsd")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with run_nsd({NAME: '@ TXT "v=spf1 mx -all"\n@ MX 10 mail\nmail A 198.51.100.1'}) as port:
        yield port


@pytest.fixture(autouse=True)
def resolver(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Nameserver("127.0.0.1", port)
    monkeypatch.setattr(settings, "POSTROOM", replace(settings.POSTROOM, resolver=asked))


def test_a_domain_is_checked_once_and_then_on_demand(workspace: Workspace, caller: Caller) -> None:
    (listed,) = caller.get("/domains").json()["domains"]
    assert (listed["name"], listed["verdict"]) == (NAME, None)
    first = caller.get(f"/domains/{NAME}/check").json()
    CheckOut.model_validate(first)
    assert [step["policy"] for step in first["ladder"]] == ["none", "quarantine", "reject"]
    assert caller.get(f"/domains/{NAME}/check").json() == first
    again = caller.post(f"/domains/{NAME}/check", "").json()
    assert again["checked_at"] > first["checked_at"]
    (listed,) = caller.get("/domains").json()["domains"]
    assert (listed["verdict"], listed["checked_at"]) == ("missing", again["checked_at"])
    assert DomainCheck.objects.count() == 2


def test_the_records_are_ready_to_publish(workspace: Workspace, caller: Caller) -> None:
    answer = caller.get(f"/domains/{NAME.upper()}/records").json()
    RecordList.model_validate(answer)
    assert by_line(answer["zone_file"]) >= {record["zone_line"] for record in answer["records"]}
    assert answer["letter"]["text"].startswith("Hello,")
    french = caller.get(f"/domains/{NAME}/records?language=fr").json()
    assert (french["records"], french["letter"]["text"][:8]) == (answer["records"], "Bonjour,")
    by_purpose = {record["purpose"]: record for record in answer["records"]}
    assert by_purpose["spf"]["value"] == "v=spf1 mx a:mail.example.com -all"
    assert by_purpose["spf"]["zone_line"] == f'{NAME}. IN TXT "v=spf1 mx a:mail.example.com -all"'


def by_line(text: str) -> set[str]:
    return set(text.splitlines())


def test_reports_are_told_for_a_period(workspace: Workspace, caller: Caller) -> None:
    store_report(workspace, report())
    answer = caller.get(f"/domains/{NAME}/reports?days=7").json()
    ReportsOut.model_validate(answer)
    assert (answer["dmarc"]["messages"], answer["dmarc"]["passed"]) == (3, 3)
    assert refusal(caller.get(f"/domains/{NAME}/reports?days=0"))[0] == 422


def test_the_records_are_mailed_to_who_looks_after_dns(workspace: Workspace, caller: Caller) -> None:
    answer = caller.post(f"/domains/{NAME}/letter", {"to": "dns@provider.example", "from": f"Olga <olga@{NAME}>"})
    assert answer.status_code == 202
    Accepted.model_validate(answer.json())
    message = Message.objects.get(pk=answer.json()["id"])
    assert (message.author_from, message.source) == (f'"Olga" <olga@{NAME}>', "http")
    assert message.deliveries.get().recipient == "dns@provider.example"
    assert f"v=DMARC1; p=none; rua=mailto:dmarc-reports@{NAME}".encode() in decodestring(bytes(message.content.body))
    system = caller.post(f"/domains/{NAME}/letter", {"to": "dns@provider.example", "language": "fr"}).json()
    assert Message.objects.get(pk=system["id"]).subject == f"Enregistrements DNS pour le courrier de {NAME}"
    assert system["from_address"] == f"notifications@{NAME}"


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "to"), ({"to": "nobody"}, "to"), ({"to": []}, "to"), ({"to": "a@b.example", "from": "x"}, "from")],
)
def test_a_letter_to_nobody_is_refused(workspace: Workspace, caller: Caller, body: object, field: str) -> None:
    status, _, named = refusal(caller.post(f"/domains/{NAME}/letter", body))
    assert (status, named) == (422, field)
    assert not Message.objects.exists()


@pytest.mark.parametrize("path", PATHS)
def test_an_outsider_finds_nothing(workspace: Workspace, outsider: Caller, path: str) -> None:
    assert refusal(outsider.get(f"/domains/{NAME}/{path}"))[:2] == (404, "not_found")
    assert outsider.get("/domains").json() == {"domains": []}
    assert refusal(outsider.post(f"/domains/{NAME}/check", ""))[:2] == (404, "not_found")
    assert refusal(outsider.post(f"/domains/{NAME}/letter", {"to": "a@b.example"}))[:2] == (404, "not_found")
    assert not DomainCheck.objects.exists()


@pytest.mark.parametrize("path", PATHS)
def test_nobody_asks_without_a_key(workspace: Workspace, path: str) -> None:
    assert refusal(Caller(None).get(f"/domains/{NAME}/{path}"))[0] == 401


def test_what_is_no_domain_is_refused(workspace: Workspace, caller: Caller) -> None:
    assert refusal(caller.get("/domains/no%20domain/check"))[:2] == (422, "invalid_address")
    assert refusal(caller.get("/domains/other.example/check"))[:2] == (404, "not_found")
