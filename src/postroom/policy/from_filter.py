"""For which From does this FROM filter speak?"""

import re
from dataclasses import dataclass
from unicodedata import normalize

from postroom.errors import AddressError
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.rfc.domain import domain_to_ascii

# Commas separate, but one in a quoted local part ("a,b"@example.com) does not.
_ENTRY = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*"|")+')


@dataclass(frozen=True, slots=True)
class FromFilter:
    """A parsed filter: `addresses` as match keys, `domains` as A-labels, `malformed` what is neither, as written."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    malformed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was filled in. A filter of faults alone is not empty: it was meant to restrict."""
        return not (self.addresses or self.domains or self.malformed)

    @property
    def faults(self) -> tuple[str, ...]:
        """A sentence for each malformed entry."""
        return tuple(
            f"“{entry}” is neither a domain nor a complete address; "
            "write it like company-name.com or mary@company-name.com, each sub-domain by itself."
            for entry in self.malformed
        )

    def names(self, domain: str) -> bool:
        """Whether an entry is `domain` (A-labels) or an address there."""
        return domain in self.domains or any(address.rpartition("@")[2] == domain for address in self.addresses)

    def holds(self, mailbox: Mailbox) -> bool:
        """Whether an entry is the mailbox's address or its domain; a domain does not hold its sub-domains."""
        return self.holds_key(match_key(mailbox))

    def holds_key(self, key: str) -> bool:
        """As `holds`, for a mailbox's match key."""
        return key in self.addresses or key.rpartition("@")[2] in self.domains


def parse_from_filter(text: str | None) -> FromFilter:
    """Reads comma-separated domains and complete addresses; None, blanks and empty entries hold nothing."""
    addresses, domains, malformed = set(), set(), []
    for entry in entries_of(text):
        try:
            if "@" in entry:
                addresses.add(match_key(parse_mailbox(entry)))
            else:
                domains.add(_parse_domain(entry))
        except AddressError:
            malformed.append(entry[:100])
    return FromFilter(frozenset(addresses), frozenset(domains), tuple(malformed))


def entries_of(text: str | None) -> list[str]:
    """What stands between the commas, as written."""
    return [entry for found in _ENTRY.findall(text or "") if (entry := found.strip())]


def match_key(mailbox: Mailbox) -> str:
    """Equal for two mailboxes exactly if their addresses differ in upper and lower case at most.

    RFC 5321 §2.4 lets a server tell local parts apart by case; none that people meet does.
    """
    local = mailbox.local
    folded = local.lower() if local.isascii() else normalize("NFC", local.casefold())
    return f"{folded}@{mailbox.domain}"


def _parse_domain(entry: str) -> str:
    """A name without a dot is a server's name or a slip far more often than a mail domain (RFC 5321 §2.3.5)."""
    domain = domain_to_ascii(entry)
    if "." not in domain:
        raise AddressError
    return domain
