"""How are reports and their summaries written as JSON?"""

from dataclasses import asdict
from typing import Any

from postroom.policy.dns.report_summary import ReportSummary, SourceSummary
from postroom.rfc.dmarc_report import DmarcReport
from postroom.rfc.tls_report import TlsReport


def tell_report(report: DmarcReport | TlsReport) -> dict[str, Any]:
    """One report as it was read."""
    kind = "dmarc" if isinstance(report, DmarcReport) else "tls"
    times = {"begin": report.begin.isoformat(), "end": report.end.isoformat()}
    return {"kind": kind, "domain": report.domain} | asdict(report) | times


def tell_summary(summary: ReportSummary) -> dict[str, Any]:
    """What receivers reported of a domain; docs/domains.md describes it."""
    return {
        "domain": summary.domain,
        "policy": summary.policy,
        "days": summary.days,
        "messages": summary.messages,
        "passed": summary.passed,
        "verdict": summary.verdict,
        "words": summary.words,
        "sources": [_tell_source(source) for source in summary.sources],
    }


def _tell_source(source: SourceSummary) -> dict[str, Any]:
    return {
        "sender": source.sender,
        "kind": source.kind,
        "messages": source.messages,
        "passed": source.passed,
        "dkim_aligned": source.dkim_aligned,
        "spf_aligned": source.spf_aligned,
        "refused": source.refused,
        "addresses": sorted(source.addresses),
        "words": source.words,
    }
