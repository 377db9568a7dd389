"""Will the message pass DMARC, once SPF and the signature themselves pass?"""

from collections.abc import Iterable
from dataclasses import dataclass

from postroom.rfc.address import domain_to_unicode


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which of the two identifiers belongs to the From's domain (RFC 7489 §3.1); one of them is enough."""

    spf_aligned: bool
    dkim_aligned: bool
    sentence: str

    @property
    def is_aligned(self) -> bool:
        return self.spf_aligned or self.dkim_aligned


def dmarc_alignment(from_domain: str, *, return_path_domain: str, dkim_domains: Iterable[str]) -> Alignment:
    """Relaxed alignment (RFC 7489 §3.1.1, §3.1.2) of domains in A-labels; `dkim_domains` are those that sign.

    Two domains count as one organisation if they are equal or one is a sub-domain of the other. The standard compares
    organisational domains by a list of public suffixes, so this says no for siblings (mail.company-name.com and
    shop.company-name.com), where receivers say yes: never a false hope.
    """
    spf = _is_relaxed_match(from_domain, return_path_domain)
    signers = [domain for domain in dkim_domains if _is_relaxed_match(from_domain, domain)]
    return Alignment(spf, bool(signers), _say(from_domain, return_path_domain if spf else None, signers))


def _is_relaxed_match(one: str, other: str) -> bool:
    one, other = one.lower(), other.lower()
    return one == other or _is_below(one, other) or _is_below(other, one)


def _is_below(domain: str, parent: str) -> bool:
    """A single label (com) is a registry's, never an organisation's."""
    return "." in parent and domain.endswith(f".{parent}")


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
