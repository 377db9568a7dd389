"""What will a receiver find in mail of this server: SPF, DKIM, alignment, and so DMARC?"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from postroom.policy.alignment import are_aligned
from postroom.policy.dns.answers import Answers
from postroom.policy.dns.dmarc import DmarcStanding
from postroom.policy.dns.facts import DomainFacts, Sender
from postroom.policy.dns.findings import Finding, Verdict
from postroom.policy.dns.spf import Allowance, allowance, mechanism_of
from postroom.policy.provider import ReturnPathUse
from postroom.rfc.dmarc import Disposition

CAPTURED = "No receiver sees it so far: what leaves through this server ends in the capture server."


class Outcome(StrEnum):
    """Whether a test that counts for the From's domain will pass."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class SenderStanding:
    """How a server's mail fares at receivers. `spf` and `dkim` pass only where they align with the From's domain.

    `spf_domain` is the domain they test SPF on, "" for the provider's own; `dkim_domain` the one that signs. With
    `is_captured` it is how the mail would fare if it did not end in the capture server.
    """

    server: str
    from_domain: str
    spf_domain: str
    dkim_domain: str
    spf: Outcome
    dkim: Outcome
    dmarc: Outcome
    words: str
    is_captured: bool = False


def stand(
    sender: Sender,
    facts: DomainFacts,
    *,
    dmarc: DmarcStanding,
    keys: Sequence[Finding],
    return_path: Finding | None,
    answers: Answers,
) -> SenderStanding:
    """`keys` are the findings of the keys that sign this server's mail, `return_path` that of its delegated one."""
    spf_domain = _spf_domain(sender, facts, return_path)
    spf = _spf_outcome(sender, spf_domain, facts=facts, dmarc=dmarc, answers=answers)
    dkim = _dkim_outcome(keys)
    outcome = Outcome.PASS if Outcome.PASS in (spf, dkim) else Outcome.UNCLEAR
    if spf is dkim is Outcome.FAIL:
        outcome = Outcome.FAIL
    words = [_say_spf(sender, spf_domain, spf), _say_dkim(facts, dkim), _say_dmarc(facts, dmarc, outcome)]
    if sender.is_captured:
        words.append(CAPTURED)
    return SenderStanding(
        server=sender.name, from_domain=facts.from_domain, spf_domain=spf_domain, dkim_domain=facts.from_domain,
        spf=spf, dkim=dkim, dmarc=outcome, words=" ".join(words), is_captured=sender.is_captured,
    )  # fmt: skip


def _spf_domain(sender: Sender, facts: DomainFacts, return_path: Finding | None) -> str:
    use = sender.preset.return_path.use if sender.preset else ReturnPathUse.KEPT
    if not sender.keeps_return_path:
        return ""
    if use is ReturnPathUse.KEPT:
        return facts.domain
    if return_path is not None and return_path.verdict is Verdict.OK:
        return return_path.record.name
    return ""


def _spf_outcome(
    sender: Sender, spf_domain: str, *, facts: DomainFacts, dmarc: DmarcStanding, answers: Answers
) -> Outcome:
    use = sender.preset.return_path.use if sender.preset else ReturnPathUse.KEPT
    if not spf_domain:  # the label that a provider makes up is not known, so neither is whether it was set up
        return Outcome.UNCLEAR if use is ReturnPathUse.DELEGATED and _has_own_label(sender) else Outcome.FAIL
    is_strict = dmarc.record is not None and dmarc.record.is_spf_strict
    if not are_aligned(facts.from_domain, spf_domain, is_strict=is_strict):
        return Outcome.FAIL
    if use is not ReturnPathUse.KEPT:
        return Outcome.PASS  # the provider publishes SPF at the CNAME's target
    allowed = allowance(spf_domain, mechanism_of(sender), answers)
    if allowed is Allowance.NO:  # a server of no known provider may send from other addresses than it takes mail at
        return Outcome.FAIL if sender.preset else Outcome.UNCLEAR
    return {Allowance.YES: Outcome.PASS, Allowance.NOBODY: Outcome.FAIL}.get(allowed, Outcome.UNCLEAR)


def _has_own_label(sender: Sender) -> bool:
    return sender.preset is not None and "*" in sender.preset.return_path.label


def _dkim_outcome(keys: Sequence[Finding]) -> Outcome:
    if any(finding.holds for finding in keys):
        return Outcome.PASS
    return Outcome.UNCLEAR if any(finding.verdict is Verdict.UNCLEAR for finding in keys) else Outcome.FAIL


def _say_spf(sender: Sender, domain: str, outcome: Outcome) -> str:
    if not domain:
        return f"{sender.name} sends under a return path of its own, so SPF does not count for your domain."
    verb = {Outcome.PASS: "passes", Outcome.FAIL: "does not pass", Outcome.UNCLEAR: "may or may not pass"}[outcome]
    return f"SPF {verb} for {domain}."


def _say_dkim(facts: DomainFacts, outcome: Outcome) -> str:
    return {
        Outcome.PASS: f"The DKIM signature of {facts.from_domain} verifies.",
        Outcome.FAIL: f"No DKIM signature of {facts.from_domain} verifies.",
        Outcome.UNCLEAR: f"It is not known whether a DKIM signature of {facts.from_domain} verifies.",
    }[outcome]


def _say_dmarc(facts: DomainFacts, dmarc: DmarcStanding, outcome: Outcome) -> str:
    if outcome is Outcome.PASS:
        return "So receivers know the mail as yours: DMARC passes."
    if outcome is Outcome.UNCLEAR:
        return "Whether DMARC passes is not known."
    if dmarc.record is None:
        return "Receivers cannot tell it from a forgery; without a DMARC policy each judges for itself."
    consequence = {
        Disposition.NONE: "deliver it all the same, and report it",
        Disposition.QUARANTINE: "put it into the spam folder",
        Disposition.REJECT: "refuse it",
    }[dmarc.applied]
    return f"So DMARC fails, and by the policy of {facts.from_domain} receivers {consequence}."
