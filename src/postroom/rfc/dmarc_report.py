"""What does a receiver report of the mail it got in a domain's name (RFC 9990, before it RFC 7489 appendix C)?"""

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from postroom.errors import AddressError, ReportSyntaxError
from postroom.rfc.domain import domain_to_ascii
from postroom.rfc.plain_xml import Element, parse_xml

MAX_COUNT = 10**12  # more mail than there is
_MAX_WORD = 253  # domains and selectors; what a stranger writes is not kept at any length


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM signature that the receiver judged; `result` in the words of RFC 8601."""

    domain: str
    selector: str
    result: str


@dataclass(frozen=True, slots=True)
class Row:
    """`count` messages alike. `dkim_aligned` and `spf_aligned`: passed, for a domain that aligns with the From.

    `disposition` is what was done: none, quarantine or reject (pass, in newer reports, is none). `reasons` say why it
    is not what the policy asks for.
    """

    source: str
    count: int
    disposition: str
    dkim_aligned: bool
    spf_aligned: bool
    header_from: str
    signatures: tuple[Signature, ...]
    spf_domain: str
    spf_result: str
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.dkim_aligned or self.spf_aligned


@dataclass(frozen=True, slots=True)
class DmarcReport:
    """A receiver's (`reporter`) report of one period. Times are aware, UTC; `policy` is the p that it found."""

    reporter: str
    report_id: str
    begin: datetime
    end: datetime
    domain: str
    policy: str
    rows: tuple[Row, ...]


def read_dmarc_report(text: bytes) -> DmarcReport:
    """The report in this XML, unpacked. ReportSyntaxError, ReportTooLargeError."""
    root = parse_xml(text)
    if root.name != "feedback":
        raise ReportSyntaxError("This XML is not a DMARC aggregate report.")
    metadata, policy = root.first("report_metadata"), root.first("policy_published")
    period = metadata.first("date_range")
    try:
        return DmarcReport(
            reporter=_word(metadata.word("org_name")) or _word(metadata.word("email")) or "unknown",
            report_id=_word(metadata.word("report_id")),
            begin=_moment(period.word("begin")),
            end=_moment(period.word("end")),
            domain=domain_to_ascii(policy.word("domain")),
            policy=_word(policy.word("p")).lower() or "none",
            rows=tuple(_read_row(record) for record in root.all("record")),
        )
    except (AddressError, ValueError, OverflowError, OSError) as error:
        raise ReportSyntaxError(f"The report holds a value that cannot be: {error}.") from error


def _read_row(record: Element) -> Row:
    row, results = record.first("row"), record.first("auth_results")
    evaluated = row.first("policy_evaluated")
    spf = results.first("spf")
    return Row(
        source=_address(row.word("source_ip")),
        count=min(max(0, int(row.word("count") or "0")), MAX_COUNT),
        disposition=_disposition(evaluated.word("disposition")),
        dkim_aligned=evaluated.word("dkim").lower() == "pass",
        spf_aligned=evaluated.word("spf").lower() == "pass",
        header_from=_word(record.word("identifiers", "header_from")).lower(),
        signatures=tuple(_read_signature(dkim) for dkim in results.all("dkim")[:10]),
        spf_domain=_word(spf.word("domain")).lower(),
        spf_result=_word(spf.word("result")).lower(),
        reasons=tuple(_word(reason.word("type")) for reason in evaluated.all("reason")[:10]),
    )


def _read_signature(dkim: Element) -> Signature:
    domain, selector = _word(dkim.word("domain")).lower(), _word(dkim.word("selector")).lower()
    return Signature(domain, selector, _word(dkim.word("result")).lower())


def _address(text: str) -> str:
    """In its one form; addresses with a zone (fe80::1%eth0) mean something on their own machine only."""
    return str(ip_address(text.partition("%")[0]))


def _disposition(text: str) -> str:
    word = text.strip().lower()
    return word if word in ("quarantine", "reject") else "none"


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(int(float(text)), tz=UTC)


def _word(text: str) -> str:
    return text.replace("\x00", "")[:_MAX_WORD]
