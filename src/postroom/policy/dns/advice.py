"""Which records does this domain need, which of them are there, and how will its mail fare?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from postroom.policy.dns.answers import Answers
from postroom.policy.dns.dkim import check_own_key, check_provider_keys
from postroom.policy.dns.dmarc import DmarcStanding, LadderStep, Rung, check_dmarc, ladder_of, next_rung
from postroom.policy.dns.facts import DomainFacts, KeyState, Sender, SignedBy
from postroom.policy.dns.findings import FAULTS, Finding, Purpose, Record, Remark, Verdict, worst
from postroom.policy.dns.receiving import check_mx, check_return_path, check_tls_reports
from postroom.policy.dns.spf import check_spf
from postroom.policy.dns.standing import SenderStanding, stand
from postroom.policy.provider import DkimScheme

SIGNING_STATES = (KeyState.ACTIVE,)


@dataclass(frozen=True, slots=True)
class Advice:
    """Everything there is to say of a domain: a finding a record, a standing a server, the steps of DMARC."""

    facts: DomainFacts
    findings: tuple[Finding, ...]
    standings: tuple[SenderStanding, ...]
    next_policy: Rung | None
    ladder: tuple[LadderStep, ...]

    @property
    def verdict(self) -> Verdict:
        return worst([finding.verdict for finding in self.findings])

    @property
    def faults(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.verdict in FAULTS)

    @property
    def records(self) -> tuple[Record, ...]:
        """What to publish, as far as the values are known."""
        return tuple(finding.record for finding in self.findings if finding.record.is_publishable)


def advise(facts: DomainFacts, answers: Answers) -> Advice:
    """Judge what is known; what else must be asked is then in `answers.wanted`, and the advice is not final."""
    dmarc = check_dmarc(facts.from_domain, facts.report_address, answers)
    own = {key: check_own_key(key, facts.from_domain, answers) for key in facts.keys}
    signing = [finding for key, finding in own.items() if key.state in SIGNING_STATES]
    ours = tuple(sender.name for sender in facts.senders if sender.signed_by.is_ours)
    spf = replace(check_spf(facts.domain, facts.senders, answers), servers=tuple(s.name for s in facts.senders))
    findings = [spf, *(replace(finding, servers=ours) for finding in own.values())]
    standings = []
    for sender in facts.senders:
        theirs = list(_provider_findings(sender, facts, answers))
        return_path = check_return_path(sender, facts.domain, answers)
        findings += [replace(f, servers=(sender.name,)) for f in (*theirs, return_path) if f]
        keys = (signing if sender.signed_by.is_ours else []) + theirs
        standings.append(
            stand(sender, facts, dmarc=dmarc, keys=keys, return_path=return_path, answers=answers),
        )
        if not (facts.keys or theirs) and sender.signed_by.is_ours:
            findings.append(replace(_missing_key(facts.from_domain), servers=(sender.name,)))
    findings += [dmarc.finding, check_mx(facts, answers), check_tls_reports(facts, answers)]
    ladder = ladder_of(dmarc, facts.report_address)
    return Advice(facts, tuple(_without_doubles(findings)), tuple(standings), _next(dmarc), ladder)


def _provider_findings(sender: Sender, facts: DomainFacts, answers: Answers) -> Iterator[Finding]:
    """With “both”, a provider counts as signing where that is known of it."""
    scheme = sender.preset.dkim.scheme if sender.preset else DkimScheme.NONE
    is_known = scheme is not DkimScheme.NONE or bool(sender.selectors)
    if sender.signed_by is SignedBy.PROVIDER or (sender.signed_by is SignedBy.BOTH and is_known):
        yield from check_provider_keys(sender, facts.from_domain, answers)


def _missing_key(domain: str) -> Finding:
    record = Record(f"<selector>._domainkey.{domain}", "TXT", "", Purpose.DKIM)
    words = f"Postroom has no key to sign mail of {domain} with."
    change = f"Make one with “postroom domain dkim-rotate {domain}” and publish its record."
    return Finding(record, remarks=(Remark(Verdict.MISSING, "dkim-no-key", words),), change=change)


def _without_doubles(findings: list[Finding]) -> Iterator[Finding]:
    """Two servers of one provider need the same records."""
    by_record: dict[Record, Finding] = {}
    for finding in findings:
        before = by_record.get(finding.record)
        servers = dict.fromkeys((*before.servers, *finding.servers)) if before else finding.servers
        by_record[finding.record] = replace(before or finding, servers=tuple(servers))
    yield from by_record.values()


def _next(dmarc: DmarcStanding) -> Rung | None:
    return next_rung(dmarc.policy) if dmarc.record is not None else None
