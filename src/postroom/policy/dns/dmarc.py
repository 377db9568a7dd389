"""What will receivers do with mail in the domain's name that fails, and who is told (RFC 9989, before it RFC 7489)?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from postroom.policy.dns.answers import Answer, Answers, Status
from postroom.policy.dns.findings import Finding, Purpose, Record, Remark, Verdict
from postroom.rfc.dmarc import Disposition, DmarcRecord, is_dmarc, mend_dmarc, parse_dmarc, walk_domains
from postroom.rfc.organisation import organisational_domain


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder that one climbs once reports show that all own mail passes."""

    policy: Disposition
    changes: str
    before: str
    """What must be so before one steps onto it."""


LADDER = (
    Rung(
        Disposition.NONE,
        "Receivers deliver as before and report who sends in your name. Nothing is lost.",
        "Publish it as soon as SPF or DKIM is set up.",
    ),
    Rung(
        Disposition.QUARANTINE,
        "Mail in your name that passes neither SPF nor DKIM for your domain goes to the spam folder.",
        "Reports of two to four weeks show all your own servers as passing.",
    ),
    Rung(
        Disposition.REJECT,
        "Mail in your name that passes neither is refused. Nobody can forge your address to receivers that check.",
        "With quarantine, reports of two to four weeks show no own mail that fails; mailing lists you write to cope.",
    ),
)


@dataclass(frozen=True, slots=True)
class LadderStep:
    """A rung for one domain: `record` is the text that publishes it, `is_present` whether receivers act by it now."""

    policy: Disposition
    record: str
    changes: str
    before: str
    is_present: bool


@dataclass(frozen=True, slots=True)
class DmarcStanding:
    """What counts for mail from a domain. `record` None: no policy. `is_unclear`: DNS did not tell."""

    finding: Finding
    record: DmarcRecord | None
    policy: Disposition
    is_unclear: bool

    @property
    def applied(self) -> Disposition:
        """What receivers do: under test (t=y) the next milder policy (RFC 9989 §4.7)."""
        rank = [rung.policy for rung in LADDER].index(self.policy)
        is_milder = self.record is not None and self.record.is_testing
        return LADDER[max(rank - is_milder, 0)].policy


def next_rung(policy: Disposition) -> Rung | None:
    """The next step up from `policy`; None at the top."""
    position = [rung.policy for rung in LADDER].index(policy)
    return LADDER[position + 1] if position + 1 < len(LADDER) else None


def ladder_of(standing: DmarcStanding, report_address: str) -> tuple[LadderStep, ...]:
    """The whole ladder, each step with the domain's own record, or a new one, changed to it; empty if DNS is silent."""
    own = standing.finding.record.value
    if not own and standing.record is None:  # a new record beside one that is there would end both
        return ()
    text = own or _new_record(report_address)
    present = standing.policy if standing.record is not None else None
    return tuple(
        LadderStep(rung.policy, _with_policy(text, rung.policy), rung.changes, rung.before, rung.policy is present)
        for rung in LADDER
    )


def _new_record(report_address: str) -> str:
    return f"v=DMARC1; p=none; rua=mailto:{report_address}"


def _with_policy(text: str, policy: Disposition) -> str:
    return re.sub(r"(;\s*p\s*=\s*)\w+", rf"\g<1>{policy}", text, count=1, flags=re.IGNORECASE)


def check_dmarc(domain: str, report_address: str, answers: Answers) -> DmarcStanding:
    """The policy for mail from `domain`: its own, or one that it inherits; reports should go to `report_address`."""
    name = f"_dmarc.{domain}"
    answer = answers.ask(name, "TXT")
    texts = [value for value in answer.values if is_dmarc(value)]
    record = Record(name, "TXT", _new_record(report_address), Purpose.DMARC)
    if answer.is_unclear or answer.status is Status.LOOP:
        verdict = Verdict.UNCLEAR if answer.is_unclear else Verdict.WRONG
        words = f"The policy is not known: {answer.explain(name)}."
        # A record of ours beside the one that is there would end both.
        finding = Finding(replace(record, value=""), remarks=(Remark(verdict, f"dns-{answer.status}", words),))
        return DmarcStanding(finding, None, Disposition.NONE, is_unclear=answer.is_unclear)
    if len(texts) == 1:
        return _judge_own(record, texts[0], report_address, answer=answer, answers=answers)
    if texts or any(map(_looks_like_dmarc, answer.values)):
        return _judge_unusable(record, texts, answer)
    return _inherit(domain, record, answers)


def _looks_like_dmarc(text: str) -> bool:
    """Anything else, such as what an asterisk in the zone stands for, receivers pass over (RFC 9989 §4.10)."""
    return "dmarc" in text.lower() or text.lower().startswith("p=")


def _judge_own(record: Record, text: str, report_address: str, *, answer: Answer, answers: Answers) -> DmarcStanding:
    parsed = parse_dmarc(text)
    refusing = dict(_refusing(parsed, record.name, answers))
    remarks = (*_judge(parsed), *_judge_reports(parsed, refusing))
    changes = []
    expected = replace(record, value=text)
    if any(remark.verdict is Verdict.WRONG for remark in remarks):
        willing = [address for address in parsed.report_addresses if address not in refusing]
        expected = replace(record, value=mend_dmarc(text, willing or [report_address]))
        changes = [f"Change the TXT record at {record.name} to “{expected.value}”."]
        changes += [f"Or let the TXT record “v=DMARC1” be published at {name}." for name in refusing.values()]
    finding = Finding(expected, (text,), remarks, " ".join(changes), answer.is_authenticated)
    return DmarcStanding(finding, parsed, parsed.policy, is_unclear=False)


def _judge(parsed: DmarcRecord) -> Iterator[Remark]:
    for fault in parsed.faults:
        yield Remark(Verdict.WRONG, "dmarc-syntax", fault)
    rung = next(rung for rung in LADDER if rung.policy is parsed.policy)
    yield Remark(Verdict.OK, f"dmarc-{parsed.policy}", f"The policy is “{parsed.policy}”. {rung.changes}")
    if parsed.is_testing and parsed.policy is not Disposition.NONE:
        words = "t=y: receivers apply the next milder policy, for a test."
        yield Remark(Verdict.NOTE, "dmarc-testing", words)
    if parsed.percent < 100 and parsed.policy is not Disposition.NONE:
        words = (
            f"pct={parsed.percent}: older receivers apply the policy to a part of the mail only; "
            "newer ones (RFC 9989) do not know pct and apply it to all."
        )
        yield Remark(Verdict.NOTE, "dmarc-percent", words)
    if parsed.subdomain_policy is not parsed.policy:
        words = f"For sub-domains the policy is “{parsed.subdomain_policy}” (sp)."
        is_open = parsed.subdomain_policy is Disposition.NONE
        yield Remark(Verdict.NOTE if is_open else Verdict.OK, "dmarc-subdomains", words)
    if parsed.nonexistent_policy is not parsed.subdomain_policy:
        words = f"For sub-domains that do not exist the policy is “{parsed.nonexistent_policy}” (np)."
        is_open = parsed.nonexistent_policy is Disposition.NONE
        yield Remark(Verdict.NOTE if is_open else Verdict.OK, "dmarc-nonexistent", words)
    for tag, strict, what in (
        ("adkim", parsed.is_dkim_strict, "the signature"),
        ("aspf", parsed.is_spf_strict, "the return path"),
    ):
        if strict:
            words = f"{tag}=s: {what} must be of exactly the From's domain; a sub-domain does not count."
            yield Remark(Verdict.OK, f"dmarc-strict-{tag}", words)


def _judge_reports(parsed: DmarcRecord, refusing: Mapping[str, str]) -> Iterator[Remark]:
    if not parsed.report_addresses:
        words = "Nobody gets reports (rua=): you will not see who sends in your name. Add an address."
        yield Remark(Verdict.NOTE, "dmarc-no-reports", words)
    for address, consent in refusing.items():
        domain = address.rpartition("@")[2].lower()
        words = f"Reports to {address} are not sent: {domain} does not agree by a TXT record at {consent}."
        yield Remark(Verdict.WRONG, "dmarc-reports-refused", words)


def _refusing(parsed: DmarcRecord, name: str, answers: Answers) -> Iterator[tuple[str, str]]:
    """The addresses of other domains that do not agree to get reports, and where they would (RFC 9990 §4)."""
    own = name.removeprefix("_dmarc.")
    for address in parsed.report_addresses:
        domain = address.rpartition("@")[2].lower()
        if organisational_domain(domain) == organisational_domain(own):
            continue
        consent = f"{own}._report._dmarc.{domain}"
        answer = answers.ask(consent, "TXT")
        if not answer.is_unclear and not any(is_dmarc(value) for value in answer.values):
            yield address, consent


def _judge_unusable(record: Record, texts: list[str], answer: Answer) -> DmarcStanding:
    if texts:
        words = f"There are {len(texts)} DMARC records; with more than one, receivers act as if there were none."
        record = replace(record, value=_merge(texts, record.value))
        code, change = (
            "dmarc-several",
            f"Replace the {len(texts)} DMARC records at {record.name} by one: “{record.value}”.",
        )
    else:
        words = "The record is not recognised: it must begin with “v=DMARC1;”, in capitals."
        code, change = "dmarc-typo", f"Change the TXT record at {record.name} to “{record.value}”."
    finding = Finding(record, answer.values, (Remark(Verdict.WRONG, code, words),), change, answer.is_authenticated)
    return DmarcStanding(finding, None, Disposition.NONE, is_unclear=False)


def _merge(texts: list[str], new: str) -> str:
    """The mildest of several records, with the reports of all, or of a `new` one: receivers act by none so far."""
    policies = tuple(Disposition)
    parsed = {text: parse_dmarc(text) for text in texts}
    mildest = min(texts, key=lambda text: policies.index(parsed[text].policy))
    addresses = dict.fromkeys(address for record in parsed.values() for address in record.report_addresses)
    return mend_dmarc(mildest, addresses or parse_dmarc(new).report_addresses)


def _inherit(domain: str, record: Record, answers: Answers) -> DmarcStanding:
    """The policy of the nearest domain above that has one, which for a sub-domain is its sp (RFC 9989 §4.10.1)."""
    is_unclear = False
    own = f".{organisational_domain(domain)}"
    for parent in walk_domains(domain)[1:]:
        answer = answers.ask(f"_dmarc.{parent}", "TXT")
        texts = [value for value in answer.values if is_dmarc(value)]
        # Few registries have a policy (.bank): one that does not answer is taken for having none.
        is_unclear = is_unclear or (answer.is_unclear and f".{parent}".endswith(own))
        if len(texts) == 1:
            inherited = parse_dmarc(texts[0])
            exists = answers.ask(domain, "TXT").status is not Status.NXDOMAIN
            policy = inherited.subdomain_policy if exists else inherited.nonexistent_policy
            words = (
                f"{domain} has no DMARC record of its own; that of {parent} counts, with “{policy}” for sub-domains."
            )
            remark = Remark(Verdict.OK, "dmarc-inherited", words)
            finding = Finding(replace(record, value=""), (texts[0],), (remark,))
            return DmarcStanding(finding, inherited, policy, is_unclear=False)
    words = (
        "There is no DMARC record: receivers judge on their own, you get no reports, and Gmail and Yahoo put off "
        "who sends much."
    )
    remark = Remark(Verdict.MISSING, "dmarc-missing", words)
    if is_unclear:
        remark = Remark(Verdict.UNCLEAR, "dmarc-unclear", "It is not known whether a domain above has a policy.")
    change = "" if is_unclear else f"Add the TXT record “{record.value}” at {record.name}."
    return DmarcStanding(Finding(record, (), (remark,), change), None, Disposition.NONE, is_unclear=is_unclear)
