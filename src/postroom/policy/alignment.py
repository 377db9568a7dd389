"""Will the message pass DMARC, once SPF and the signature themselves pass?"""

from collections.abc import Iterable
from dataclasses import dataclass

from postroom.rfc.address import domain_to_unicode
from postroom.rfc.organisation import organisational_domain


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which of the two identifiers belongs to the From's domain (RFC 9989 §4.4); one of them is enough."""

    spf_aligned: bool
    dkim_aligned: bool
    sentence: str

    @property
    def is_aligned(self) -> bool:
        return self.spf_aligned or self.dkim_aligned


def dmarc_alignment(from_domain: str, *, return_path_domain: str, dkim_domains: Iterable[str]) -> Alignment:
    """Alignment (RFC 9989 §4.4) of domains in A-labels, relaxed; `dkim_domains` are those that sign.

    Organisational domains are compared by the Public Suffix List, so mail.company-name.com and shop.company-name.com
    are one organisation's, company.github.io and other.github.io are not.
    """
    spf = are_aligned(from_domain, return_path_domain)
    signers = [domain for domain in dkim_domains if are_aligned(from_domain, domain)]
    return Alignment(spf, bool(signers), _say(from_domain, return_path_domain if spf else None, signers))


def are_aligned(one: str, other: str, *, is_strict: bool = False) -> bool:
    """Whether two identifiers belong together: equal where the policy is strict (adkim=s, aspf=s)."""
    if is_strict:
        return one.lower() == other.lower()
    return organisational_domain(one) == organisational_domain(other)


def _say(from_domain: str, spf_domain: str | None, signers: list[str]) -> str:
    shown = domain_to_unicode(from_domain)
    reasons = [f"the return path is at {domain_to_unicode(spf_domain)} (SPF)"] if spf_domain else []
    reasons += [f"it is signed for {domain_to_unicode(signers[0])} (DKIM)"] if signers else []
    if reasons:
        return f"DMARC can pass for {shown}: {' and '.join(reasons)}."
    return (
        f"DMARC will fail for {shown}: neither the return path nor a DKIM signature belongs to it; "
        f"sign for {shown} or use a return path there."
    )
