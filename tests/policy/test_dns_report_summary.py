"""Is a person told who sends in their name, and when the policy may be tightened?"""

import pytest

from postroom.policy.dns.findings import Verdict
from postroom.policy.dns.report_summary import ReportSummary, Source, summarise
from postroom.rfc.dmarc import Disposition
from postroom.rfc.dmarc_report import Row, Signature

DOMAIN = "company-name.com"


def row(source: str = "192.0.2.1", count: int = 10, **fields: object) -> Row:
    ordinary: dict[str, object] = {
        "disposition": "none",
        "dkim_aligned": False,
        "spf_aligned": False,
        "header_from": DOMAIN,
        "signatures": (),
        "spf_domain": "",
        "spf_result": "fail",
        "reasons": (),
    }
    return Row(source=source, count=count, **{**ordinary, **fields})  # type: ignore[arg-type]


OURS = row(dkim_aligned=True, spf_aligned=True, spf_domain=DOMAIN, spf_result="pass")
BREVO = row(
    "192.0.2.2",
    dkim_aligned=True,
    signatures=(Signature(DOMAIN, "s", "pass"), Signature("mail.brevo.com", "b", "pass")),
)
SHOP = row("192.0.2.3", signatures=(Signature("shop.example", "s", "pass"),))
FORWARDER = row("192.0.2.4", reasons=("forwarded",), spf_domain="list.example", spf_result="pass")
FORGER = row("192.0.2.5", disposition="reject", signatures=(Signature(DOMAIN, "s", "fail"),))


def tell(*rows: Row, policy: Disposition = Disposition.NONE, days: int = 30) -> ReportSummary:
    return summarise(DOMAIN, rows, policy=policy, days=days)


def test_each_sender_is_told_with_what_it_is() -> None:
    summary = tell(OURS, BREVO, SHOP, FORWARDER, FORGER, row("192.0.2.6", 10, spf_aligned=True))
    kinds = {(source.sender, source.kind) for source in summary.sources}
    assert kinds == {
        ("192.0.2.1", Source.PASSES),
        ("brevo.com", Source.PASSES),
        ("shop.example", Source.UNALIGNED),
        ("list.example", Source.FORWARDED),
        ("192.0.2.5", Source.UNKNOWN),
        ("192.0.2.6", Source.PASSES),
    }
    assert (summary.messages, summary.passed) == (60, 30)
    (forger,) = [source for source in summary.sources if source.kind is Source.UNKNOWN]
    assert (forger.refused, forger.addresses) == (10, {"192.0.2.5"})


def test_rows_of_one_sender_are_added_up_and_the_largest_comes_first() -> None:
    second = row("192.0.2.20", 5, dkim_aligned=True, signatures=(Signature("brevo.com", "b", "pass"),))
    summary = tell(row("192.0.2.9", 12), BREVO, second)
    assert [(source.sender, source.messages) for source in summary.sources] == [("brevo.com", 15), ("192.0.2.9", 12)]
    assert summary.sources[0].addresses == {"192.0.2.2", "192.0.2.20"}


@pytest.mark.parametrize(
    ("rows", "policy", "days", "verdict", "words"),
    [
        ((), "none", 0, Verdict.UNCLEAR, "no reports of mail that passes"),
        ((FORGER,), "none", 30, Verdict.UNCLEAR, "no reports of mail that passes"),
        ((OURS, SHOP), "none", 30, Verdict.WRONG, "10 messages come from services that are not set up"),
        ((OURS,), "none", 3, Verdict.UNCLEAR, "wait until reports cover 14 days"),
        ((OURS, FORGER), "quarantine", 30, Verdict.NOTE, "“reject” can come if none of the 10 messages"),
        ((OURS, FORWARDER), "quarantine", 30, Verdict.OK, "can be “reject”"),
        ((OURS, SHOP), "reject", 30, Verdict.OK, "“reject” already"),
    ],
)
def test_the_policy_is_tightened_only_when_nothing_of_ours_would_be_lost(
    rows: tuple[Row, ...], policy: str, days: int, verdict: Verdict, words: str
) -> None:
    summary = tell(*rows, policy=Disposition(policy), days=days)
    assert summary.verdict is verdict
    assert words in summary.words
