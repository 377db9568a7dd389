"""Does the From of a mail belong to whoever sent it, and what does its domain want if not (RFC 9989, RFC 7489)?"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from postroom.errors import DmarcSyntaxError
from postroom.policy.alignment import are_aligned
from postroom.policy.dns.answers import Question
from postroom.policy.sender.spf import Ask, SpfResult, SpfVerdict
from postroom.rfc.dkim_verify import Result as DkimResult
from postroom.rfc.dkim_verify import Verdict as DkimVerdict
from postroom.rfc.dmarc import DmarcRecord, is_dmarc, parse_dmarc
from postroom.rfc.organisation import organisational_domain


class DmarcResult(StrEnum):
    """RFC 8601 §2.7.7 with RFC 7489 §11.2; none: there is no policy."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class DmarcVerdict:
    """The result for `domain`, that of the From; `policy` is what it wants done with mail that fails, "" for none."""

    result: DmarcResult
    domain: str
    policy: str = ""
    reason: str = ""


def check_dmarc(
    domains: Iterable[str], ask: Ask, *, spf: SpfVerdict | None, dkim: Iterable[DkimVerdict]
) -> DmarcVerdict:
    """`domains` are those of all authors in From, in A-labels; `spf` None: the client is not known.

    Where SPF is not known and DKIM does not pass nothing is proven, so that the result is none.
    """
    names = sorted({domain.lower().rstrip(".") for domain in domains})
    if len(names) != 1:  # RFC 9989 §5.3.1: nothing to align with, or several
        return DmarcVerdict(DmarcResult.PERMERROR, "", reason=f"From names {len(names) or 'no'} domains")
    (domain,) = names
    record, policy, why = _find_policy(domain, ask)
    if record is None:
        return DmarcVerdict(DmarcResult.TEMPERROR if policy is None else DmarcResult.NONE, domain, reason=why)
    if ways := list(_aligned(domain, record, spf, dkim)):
        return DmarcVerdict(DmarcResult.PASS, domain, policy or "", "; ".join(ways))
    if spf is None:
        return DmarcVerdict(
            DmarcResult.NONE, domain, policy or "", "no signature proves it, and the way it came is not known"
        )
    return DmarcVerdict(DmarcResult.FAIL, domain, policy or "", "neither SPF nor a signature belongs to it")


def _find_policy(domain: str, ask: Ask) -> tuple[DmarcRecord | None, str | None, str]:
    """The record that counts and what it wants of this domain; without one “” or None (DNS did not tell), and why."""
    organisation = organisational_domain(domain)
    for place in dict.fromkeys((domain, organisation)):
        name = f"_dmarc.{place}"
        answer = ask(Question(name, "TXT"))
        if answer.is_unclear:
            return None, None, answer.explain(name)
        texts = [value for value in answer.values if is_dmarc(value)]
        if len(texts) != 1:  # several count as none (RFC 9989 §4.10)
            continue
        try:
            record = parse_dmarc(texts[0])
        except DmarcSyntaxError as error:
            return None, "", error.message
        return record, str(record.policy if place == domain else record.subdomain_policy), ""
    return None, "", f"{organisation} has no DMARC policy"


def _aligned(domain: str, record: DmarcRecord, spf: SpfVerdict | None, dkim: Iterable[DkimVerdict]) -> Iterable[str]:
    """How the From is proven, in words."""
    if spf and spf.result is SpfResult.PASS and are_aligned(domain, spf.domain, is_strict=record.is_spf_strict):
        yield f"SPF passes for {spf.domain}"
    for verdict in dkim:
        is_ours = are_aligned(domain, verdict.domain, is_strict=record.is_dkim_strict)
        if verdict.result is DkimResult.PASS and is_ours:
            yield f"{verdict.domain} has signed it"
            return
