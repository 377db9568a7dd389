"""What does this DMARC record ask of receivers, and where do they look for it (RFC 9989, before it RFC 7489)?"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from postroom.errors import DmarcSyntaxError

MAX_WALK = 8  # RFC 9989 §4.10: queries at most, however long the name

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_TAG = re.compile(r"[ \t]*([A-Za-z0-9_]+)[ \t]*=[ \t]*(.*?)[ \t]*")
_STANDS_ALONE = re.compile(r"(?:p|rua)[ \t]*=", re.IGNORECASE)
_REPORT_URI = re.compile(r"mailto:(?P<address>[^,!;\s]+@(?P<domain>[^,!;\s@]+))(?:![0-9]+[kmgt]?)?", re.IGNORECASE)


class Disposition(StrEnum):
    """What receivers shall do with mail that fails."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """`policy` is p, `subdomain_policy` sp or p, `nonexistent_policy` np, sp or p. `percent` is pct (RFC 7489 only).

    `report_addresses` are the addresses of rua. `faults` are tags that receivers cannot use, in words; they take the
    default instead.
    """

    policy: Disposition
    subdomain_policy: Disposition
    nonexistent_policy: Disposition
    is_dkim_strict: bool
    is_spf_strict: bool
    is_testing: bool
    percent: int
    psd: str
    report_addresses: tuple[str, ...]
    faults: tuple[str, ...]


def is_dmarc(text: str) -> bool:
    """Whether receivers take a TXT record for a DMARC record: v=DMARC1 first and in capitals."""
    return _VERSION.match(text) is not None


def parse_dmarc(text: str) -> DmarcRecord:
    """DmarcSyntaxError for what receivers ignore altogether; a tag that is wrong is a fault of the record."""
    if not is_dmarc(text):
        raise DmarcSyntaxError("A DMARC record begins with “v=DMARC1;”.")
    reader = _TagReader(text)
    policy = reader.disposition("p", Disposition.NONE)
    subdomain_policy = reader.disposition("sp", policy)
    addresses = reader.report_addresses("rua")
    if "p" not in reader.tags:
        reader.faults.append("p= is missing: receivers take “none”, older ones ignore the record.")
    return DmarcRecord(
        policy=policy,
        subdomain_policy=subdomain_policy,
        nonexistent_policy=reader.disposition("np", subdomain_policy),
        is_dkim_strict=reader.choice("adkim", "rs") == "s",
        is_spf_strict=reader.choice("aspf", "rs") == "s",
        is_testing=reader.choice("t", "ny") == "y",
        percent=reader.percent(),
        psd=reader.choice("psd", "uyn"),
        report_addresses=addresses,
        faults=tuple(reader.faults),
    )


def mend_dmarc(text: str, report_addresses: Iterable[str]) -> str:
    """The record `text` as receivers can use it: tags they cannot are left out, p without a meaning becomes “none”.

    rua= then holds those of `report_addresses`, A-labels, and nothing else. DmarcSyntaxError as `parse_dmarc`.
    """
    policy = parse_dmarc(text).policy
    parts = [part.strip() for part in text.split(";")[1:]]
    kept = [part for part in parts if not _STANDS_ALONE.match(part) and _is_usable(part)]
    reports = ",".join(f"mailto:{address}" for address in report_addresses)
    return "; ".join(["v=DMARC1", f"p={policy}", *filter(None, kept), f"rua={reports}"])


def _is_usable(part: str) -> bool:
    return not parse_dmarc("; ".join(("v=DMARC1", "p=none", part))).faults


def walk_domains(domain: str) -> tuple[str, ...]:
    """The domains whose `_dmarc` record is asked for, nearest first (the DNS Tree Walk, RFC 9989 §4.10)."""
    labels = domain.split(".")
    above = labels[-(MAX_WALK - 1) :] if len(labels) > MAX_WALK else labels[1:]
    return (domain, *(".".join(above[start:]) for start in range(len(above))))


class _TagReader:
    """The tags of a record, and what is wrong with them."""

    def __init__(self, text: str) -> None:
        self.tags: dict[str, str] = {}
        self.faults: list[str] = []
        for part in text.split(";"):
            match = _TAG.fullmatch(part)
            if match:
                self.tags.setdefault(match[1].lower(), match[2])
            elif part.strip():
                self.faults.append(f"“{part.strip()[:40]}” is not tag=value.")

    def disposition(self, name: str, default: Disposition) -> Disposition:
        value = self.tags.get(name, default).lower()
        if value in tuple(Disposition):
            return Disposition(value)
        self.faults.append(f"{name}={value[:40]} is not none, quarantine or reject.")
        return default if name != "p" else Disposition.NONE

    def choice(self, name: str, letters: str) -> str:
        """One of `letters`, the first by default."""
        value = self.tags.get(name, letters[0]).lower()
        if len(value) == 1 and value in letters:
            return value
        self.faults.append(f"{name}={value[:40]} is not {' or '.join(letters)}.")
        return letters[0]

    def percent(self) -> int:
        value = self.tags.get("pct", "100")
        if value.isascii() and value.isdigit() and int(value) <= 100:
            return int(value)
        self.faults.append(f"pct={value[:40]} is not a number from 0 to 100.")
        return 100

    def report_addresses(self, name: str) -> tuple[str, ...]:
        uris = [uri.strip() for uri in self.tags.get(name, "").split(",") if uri.strip()]
        matches = [_REPORT_URI.fullmatch(uri) for uri in uris]
        for uri, match in zip(uris, matches, strict=True):
            if match is None:
                self.faults.append(f"{name}={uri[:60]} is not mailto:ADDRESS.")
        return tuple(match["address"] for match in matches if match)
