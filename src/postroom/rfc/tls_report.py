"""What does a sender report of the encryption of its connections to a domain's mail servers (RFC 8460 §4)?"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from postroom.errors import AddressError, ReportSyntaxError
from postroom.rfc.dmarc_report import MAX_COUNT
from postroom.rfc.domain import domain_to_ascii

_MAX_WORD = 253
_MAX_POLICIES = 1000


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """`count` sessions that failed alike; `result` in the words of RFC 8460 §4.3."""

    result: str
    receiving_host: str
    count: int


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What became of the sessions under one policy: `kind` is sts, tlsa or no-policy-found."""

    kind: str
    domain: str
    successes: int
    failures: int
    details: tuple[TlsFailure, ...]


@dataclass(frozen=True, slots=True)
class TlsReport:
    """A sender's (`reporter`) report of one period. Times are aware, UTC."""

    reporter: str
    report_id: str
    begin: datetime
    end: datetime
    policies: tuple[TlsPolicy, ...]

    @property
    def domain(self) -> str:
        """The domain that it is about: a report names one, RFC 8460 §4.4."""
        return self.policies[0].domain


def read_tls_report(text: bytes) -> TlsReport:
    """The report in this JSON, unpacked. ReportSyntaxError."""
    try:
        members = json.loads(text)
        period = members["date-range"]
        report = TlsReport(
            reporter=_word(members.get("organization-name")) or "unknown",
            report_id=_word(members.get("report-id")),
            begin=_moment(period["start-datetime"]),
            end=_moment(period["end-datetime"]),
            policies=tuple(_read_policy(entry) for entry in members["policies"][:_MAX_POLICIES]),
        )
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, AddressError) as error:
        raise ReportSyntaxError(f"This is not a TLS report: {error!r}.") from error
    if not report.policies:
        raise ReportSyntaxError("The TLS report names no policy, and so no domain.")
    return report


def _read_policy(entry: dict[str, Any]) -> TlsPolicy:
    policy, summary = entry["policy"], entry["summary"]
    return TlsPolicy(
        kind=_word(policy.get("policy-type")),
        domain=domain_to_ascii(_word(policy["policy-domain"])),
        successes=_count(summary.get("total-successful-session-count")),
        failures=_count(summary.get("total-failure-session-count")),
        details=tuple(_read_failure(detail) for detail in entry.get("failure-details", [])[:_MAX_POLICIES]),
    )


def _read_failure(detail: dict[str, Any]) -> TlsFailure:
    host = _word(detail.get("receiving-mx-hostname")).lower()
    return TlsFailure(_word(detail.get("result-type")), host, _count(detail.get("failed-session-count")))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _count(value: object) -> int:
    return min(max(0, int(str(value or 0))), MAX_COUNT)


def _word(value: object) -> str:
    return str(value if value is not None else "").replace("\x00", "")[:_MAX_WORD]
