"""Who sends in our name, does it pass, and what is to be mended before the policy is tightened?

From receivers' reports. Nobody vouches for those: whoever writes to the report address can claim anything, so they
inform people and decide nothing.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from postroom.policy.dns.dmarc import next_rung
from postroom.policy.dns.findings import Verdict
from postroom.rfc.dmarc import Disposition
from postroom.rfc.dmarc_report import Row
from postroom.rfc.organisation import organisational_domain

# A week hides what is sent once a month; a receiver's daily report is enough for the day.
MIN_DAYS = 14
_FORWARDED = frozenset({"forwarded", "mailing_list", "trusted_forwarder"})


class Source(StrEnum):
    """What kind of sender it is, as far as one can tell from outside."""

    PASSES = "passes"
    UNALIGNED = "unaligned"  # a service that authenticates as itself: ours, not set up, or someone else's
    FORWARDED = "forwarded"  # receivers say that it only passed our mail on
    UNKNOWN = "unknown"  # authenticates as nobody: a forgery, or a server of ours that nobody set up


@dataclass
class SourceSummary:
    """Mail in our name of one sender: an organisation where it authenticates as one, otherwise an address."""

    sender: str
    kind: Source
    messages: int = 0
    passed: int = 0
    dkim_aligned: int = 0
    spf_aligned: int = 0
    refused: int = 0
    """Quarantined or rejected."""
    addresses: set[str] = field(default_factory=set)

    @property
    def words(self) -> str:
        return _WORDS[self.kind].format(sender=self.sender)


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """Of one domain and period; `sources` the largest first. `verdict` says whether the policy can be tightened."""

    domain: str
    policy: Disposition
    days: int
    messages: int
    passed: int
    sources: tuple[SourceSummary, ...]
    verdict: Verdict
    words: str


_WORDS = {
    Source.PASSES: "Passes DMARC.",
    Source.UNALIGNED: (
        "{sender} sends in your name as itself. If you use it, set up DKIM for your domain there; if not, it stops "
        "arriving once the policy is tightened."
    ),
    Source.FORWARDED: "Your own mail that {sender} passed on: receivers know that, nothing is to be mended.",
    Source.UNKNOWN: (
        "Neither SPF nor DKIM passes for anybody. If {sender} is a server of yours, add it to SPF or sign there; "
        "otherwise somebody forges your address."
    ),
}


def summarise(domain: str, rows: Iterable[Row], *, policy: Disposition, days: int) -> ReportSummary:
    """`rows` are of all reports of `days` days; rows that are alike may come added up."""
    groups: dict[tuple[Source, str], SourceSummary] = {}
    for row in rows:
        kind, sender = _classify(row, domain)
        group = groups.setdefault((kind, sender), SourceSummary(sender, kind))
        _add(group, row)
    sources = tuple(sorted(groups.values(), key=lambda group: (-group.messages, group.sender)))
    by_kind: dict[Source, int] = defaultdict(int)
    for group in sources:
        by_kind[group.kind] += group.messages
    verdict, words = _judge(by_kind, policy, days)
    messages, passed = sum(by_kind.values()), sum(group.passed for group in sources)
    return ReportSummary(domain, policy, days, messages, passed, sources, verdict, words)


def _classify(row: Row, domain: str) -> tuple[Source, str]:
    own = organisational_domain(domain)
    named = [s.domain for s in row.signatures if s.result == "pass"]
    named += [row.spf_domain] if row.spf_result == "pass" else []
    others = [organisational_domain(name) for name in named if name and organisational_domain(name) != own]
    sender = others[0] if others else row.source
    if row.passed:
        return Source.PASSES, sender
    if _FORWARDED & set(row.reasons):
        return Source.FORWARDED, sender
    return (Source.UNALIGNED if others else Source.UNKNOWN), sender


def _add(group: SourceSummary, row: Row) -> None:
    group.messages += row.count
    group.passed += row.count * row.passed
    group.dkim_aligned += row.count * row.dkim_aligned
    group.spf_aligned += row.count * row.spf_aligned
    group.refused += row.count * (row.disposition != Disposition.NONE)
    group.addresses.add(row.source)


def _judge(by_kind: dict[Source, int], policy: Disposition, days: int) -> tuple[Verdict, str]:
    rung = next_rung(policy)
    if rung is None:
        return Verdict.OK, "The policy is “reject” already."
    if not by_kind.get(Source.PASSES):
        return Verdict.UNCLEAR, "There are no reports of mail that passes yet: wait with a stricter policy."
    if unaligned := by_kind.get(Source.UNALIGNED, 0):
        return Verdict.WRONG, f"Before “{rung.policy}”: {unaligned} messages come from services that are not set up."
    if days < MIN_DAYS:
        return Verdict.UNCLEAR, f"Before “{rung.policy}”: wait until reports cover {MIN_DAYS} days; they cover {days}."
    if unknown := by_kind.get(Source.UNKNOWN, 0):
        words = f"“{rung.policy}” can come if none of the {unknown} messages from unknown servers are yours."
        return Verdict.NOTE, words
    return Verdict.OK, f"All reported mail passes: the policy can be “{rung.policy}”."
