from typing import Any

import pytest

from postroom.api.schemas import Rehearsal
from postroom.domains.models import DomainCheck
from postroom.outbound.models import Message
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller, refusal


@pytest.mark.parametrize(
    "fields",
    [
        {"from": "sales@company-name.com"},
        {"from": '"Mary" <mary@customer.example.com>', "company": "my company"},
        {"from": {"name": "Mary", "email": "mary@customer.example.com"}, "server": "Company mail"},
        {"stream": "mass", "from": "sales@company-name.com"},
        {},
    ],
)
def test_a_dry_run_says_what_sending_then_does_and_stores_nothing(caller: Caller, fields: dict[str, Any]) -> None:
    response = caller.post("/route", fields)
    assert response.status_code == 200
    rehearsed = response.json()
    Rehearsal.model_validate(rehearsed)
    assert rehearsed.pop("dns") is None, "its domain was not checked"
    assert not Message.objects.exists()
    sent = caller.post("/messages", {**fields, "to": "mary@customer.example.com"}).json()
    assert rehearsed.items() <= sent.items()


def test_before_a_mailing_a_fault_in_dns_is_told(caller: Caller, workspace: Workspace) -> None:
    domain = workspace.alias_domains.get()
    server = {"server": "Company mail", "from_domain": "company-name.com", "dmarc": "fail", "words": "Refused."}
    report = {"findings": [{"verdict": "missing"}, {"verdict": "ok"}], "servers": [server]}
    DomainCheck.objects.create(alias_domain=domain, verdict="missing", report=report, routing_version=1)
    dns = caller.post("/route", {"from": "news@company-name.com", "stream": "mass"}).json()["dns"]
    assert (dns["dmarc"], dns["words"], dns["faults"]) == ("fail", "Refused.", 1)
    assert caller.post("/route", {"server": "Everything else"}).json()["dns"] is None


def test_mass_mail_takes_the_dedicated_server(caller: Caller, workspace: Workspace) -> None:
    server = OutgoingServer.objects.get(name="Everything else")
    DedicatedServer.objects.create(workspace=workspace, server=server)
    answer = caller.post("/route", {"from": "sales@company-name.com", "stream": "mass"}).json()
    assert answer["server"] == "Everything else"


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"from": "nobody"}, "invalid_address", "from"),
        ({"from": "a@x.example", "to": "b@x.example"}, "unknown_field", "to"),
        ({"server": "Nowhere"}, "unknown_server", "server"),
        ({"company": "Nobody"}, "unknown_company", "company"),
    ],
)
def test_a_dry_run_refuses_as_sending_does(caller: Caller, fields: dict[str, Any], code: str, field: str) -> None:
    assert refusal(caller.post("/route", fields)) == (422, code, field)


def test_an_outsider_cannot_ask_about_our_companies(workspace: Workspace, outsider: Caller) -> None:
    assert refusal(outsider.post("/route", {"company": "My Company"}))[1] == "unknown_company"
