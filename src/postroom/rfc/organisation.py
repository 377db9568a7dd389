"""Which domain was registered, for this one to exist below it (the organisational domain, RFC 7489 §3.2)?

By the Public Suffix List, which comes with the library `publicsuffixlist` (decision record 7). Receivers that follow
RFC 9989 find it by DNS instead (§4.10.2); the two differ only where a registry says so.
"""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=4096)
def organisational_domain(domain: str) -> str:
    """Of a domain in A-labels: company.co.uk for mail.company.co.uk; a public suffix is its own."""
    name = domain.lower()
    is_address = name.startswith("[")  # a domain literal, RFC 5321 §4.1.3
    return name if is_address else _suffixes().privatesuffix(name) or name


@cache
def _suffixes() -> PublicSuffixList:
    """Read once, ten thousand lines, and only by those who ask."""
    return PublicSuffixList()
