"""Does the table show the very search that was made?"""

import json
from pathlib import Path
from typing import Any

import pytest

from postroom.errors import PostroomError
from postroom.policy.criteria import Search, Standing, tabulate
from postroom.policy.identity import AliasDomain, find_identity
from postroom.policy.routing import Policy, Server, compile_table
from postroom.rfc.address import parse_mailbox

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases/routing.jsonl").read_text().splitlines()]
SEARCHED = {"filter_address", "filter_domain", "notification_server", "no_filter", "first_server", "default_server"}
COMPANY = AliasDomain("company-name.com", "bounce", "catchall", "notifications")


@pytest.mark.parametrize("policy", list(Policy))
def test_the_deciding_cell_is_the_decision_in_every_case(policy: Policy) -> None:
    compared = sum(_agrees(case) for case in CASES if case["policy"] == policy)
    assert compared > 100


def _agrees(case: dict[str, Any]) -> bool:
    servers = [Server(place, **row) for place, row in enumerate(case["servers"])]
    table = compile_table(servers, policy=case["policy"], default_from_filter=case["default_from_filter"])
    forced = next((s.key for s in servers if s.name == case.get("forced_server")), None)
    try:
        from_ = parse_mailbox(case["from"]) if case["from"] else None
        platform = parse_mailbox(case["platform_from"]) if case["platform_from"] else None
        domain = AliasDomain(**case["alias_domain"]) if case["alias_domain"] else None
        decision = table.decide(from_, alias_domain=domain, platform_from=platform, forced=forced)
    except PostroomError:
        return False
    search = Search(from_, find_identity(domain, platform), Policy(case["policy"]), is_forced=forced is not None)
    found = tabulate(servers, search, decision)
    deciding = [row for row in found.criteria if row.standing is Standing.DECIDES]
    chosen = [server for row in deciding for server, cell in zip(found.servers, row.cells, strict=True) if cell.decides]
    assert chosen == [decision.server], case
    matched = [step.criterion for step in decision.steps if step.matched and step.criterion in SEARCHED]
    assert [row.name for row in deciding] == (matched or ["forced_server"]), case
    return True


def test_a_server_that_would_also_fit_is_shown_so() -> None:
    servers = [Server(1, "Gmail", 1, "company-name.com"), Server(2, "Brevo", 2, "company-name.com")]
    from_ = parse_mailbox("mary@company-name.com")
    table = compile_table(servers, policy=Policy.DOCUMENTED, default_from_filter=None)
    decision = table.decide(from_, alias_domain=COMPANY, platform_from=None)
    found = tabulate(servers, Search(from_, find_identity(COMPANY, None), Policy.DOCUMENTED), decision)
    address, domain, no_filter, first = found.criteria
    assert (address.about, address.standing) == ("mary@company-name.com", Standing.NOTHING)
    assert (domain.about, domain.standing) == ("company-name.com", Standing.DECIDES)
    assert [(cell.fits, cell.decides) for cell in domain.cells] == [(True, True), (True, False)]
    assert (no_filter.standing, first.standing) == (Standing.NOT_NEEDED, Standing.NOT_NEEDED)


PERSONAL = Server(1, "Mary's Gmail", 1, "mary@company-name.com", is_personal=True)
SHARED = Server(2, "Company mail", 2, "company-name.com")


@pytest.mark.parametrize(
    ("servers", "author", "chosen"),
    [
        ([PERSONAL, SHARED], "mary@company-name.com", PERSONAL),
        ([PERSONAL, SHARED], "joe@company-name.com", SHARED),
        ([PERSONAL, SHARED], "joe@elsewhere.example", SHARED),
        ([PERSONAL], "mary@company-name.com", PERSONAL),
        ([PERSONAL], "joe@company-name.com", None),
        ([PERSONAL], "", None),
    ],
)
def test_a_persons_own_mailbox_is_shown_as_serving_them_alone(
    servers: list[Server], author: str, chosen: Server | None
) -> None:
    from_ = parse_mailbox(author) if author else None
    table = compile_table(servers, policy=Policy.DOCUMENTED, default_from_filter=None)
    decision = table.decide(from_, alias_domain=COMPANY, platform_from=None)
    found = tabulate(servers, Search(from_, find_identity(COMPANY, None), Policy.DOCUMENTED), decision)
    deciding = [
        server
        for row in found.criteria
        for server, cell in zip(found.servers, row.cells, strict=True)
        if cell.decides and row.standing is Standing.DECIDES
    ]
    assert decision.server == chosen
    assert deciding == [chosen]
