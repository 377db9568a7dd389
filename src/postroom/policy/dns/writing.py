"""How is the advice written: as a zone file, as a letter to whoever looks after the DNS, as JSON?"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from postroom.policy.dns.advice import Advice
from postroom.policy.dns.findings import FAULTS, Finding, Purpose, Record
from postroom.rfc.dkim_key import split_txt


def zone_line(record: Record) -> str:
    """The record for a zone file (RFC 1035 §5), long texts in strings of at most 255 octets; a line for each MX."""
    values = record.value.split(", ") if record.type == "MX" else [record.value]
    return "\n".join(f"{record.name}. IN {record.type} {_zone_value(value, record.type)}" for value in values)


def zone_file(records: Iterable[Record]) -> str:
    """Lines to add. An SPF line replaces the present one: a name has one SPF record only."""
    return "".join(f"; {record.purpose}\n{zone_line(record)}\n" for record in records)


def letter(report: Mapping[str, Any], tell: Callable[[str], str] = str) -> tuple[str, str]:
    """Subject and text of a mail that asks the DNS administrator for what is missing or wrong.

    `report` is what `tell` below made; `tell` puts each sentence into another language.
    """
    domain = report["domain"]
    subject = tell(f"DNS records for mail of {domain}")
    faults = [finding for finding in report["findings"] if finding["verdict"] in FAULTS]
    if not faults:
        return subject, tell(
            f"Hello, the DNS records for mail of {domain} are all in place. Nothing is to be done."
        ) + "\n"
    head = [
        tell(f"Hello, so that mail in the name of {domain} arrives, please change its DNS as follows."),
        tell("A name has one SPF record only: change the present one rather than adding a second."),
        tell("Lines with “-” show what is there now, lines with “+” what should be there."),
    ]
    steps = "\n\n".join(f"{number}. {_request(finding, tell)}" for number, finding in enumerate(faults, start=1))
    later = tell("Changes are seen after the records' TTL, at most two days.")
    return subject, f"{' '.join(head)}\n\n{steps}\n\n{later}\n"


def told_records(told: Mapping[str, Any]) -> list[Record]:
    """The records to publish again, of advice that was kept as by `tell`."""
    records = [Record(f["name"], f["type"], f["expected"], Purpose(f["purpose"])) for f in told["findings"]]
    return [record for record in records if record.is_publishable]


def tell(advice: Advice) -> dict[str, Any]:
    """The advice as JSON values, for programs and to be kept; docs/domains.md describes them."""
    return {
        "domain": advice.facts.domain,
        "verdict": advice.verdict,
        "findings": [_tell_finding(finding) for finding in advice.findings],
        "servers": [asdict(standing) for standing in advice.standings],
        "addresses": [{"address": address, "purpose": purpose} for address, purpose in advice.facts.inboxes],
        "next_policy": asdict(advice.next_policy) if advice.next_policy else None,
        "ladder": [asdict(step) for step in advice.ladder],
    }


def _tell_finding(finding: Finding) -> dict[str, Any]:
    record = finding.record
    return {
        "purpose": record.purpose,
        "name": record.name,
        "type": record.type,
        "verdict": finding.verdict,
        "expected": record.value,
        "found": list(finding.found),
        "change": finding.change,
        "words": finding.words,
        "remarks": [asdict(remark) for remark in finding.remarks],
        "dnssec": finding.is_authenticated,
        "servers": list(finding.servers),
    }


def _request(finding: Mapping[str, Any], tell: Callable[[str], str]) -> str:
    why, change = tell(finding["words"]), tell(finding["change"])
    lines = [change, why] if change else [why]
    lines += [f"- {value}" for value in finding["found"]]
    if finding["expected"]:
        lines.append(f"+ {finding['name']}  {finding['type']}  {finding['expected']}")
    return "\n   ".join(lines)


def _zone_value(value: str, type_: str) -> str:
    if type_ == "TXT":
        return " ".join(f'"{_escape(part)}"' for part in split_txt(value))
    return f"{value}."


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
