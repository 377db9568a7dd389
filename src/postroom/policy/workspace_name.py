"""Which names may a stranger give a workspace, whose sub-domain of the platform it becomes?"""

from enum import StrEnum

LEAST_CHARACTERS = 3
MOST_CHARACTERS = 63  # of a DNS label (RFC 1035 §2.3.4)
# What people or programs take for the platform itself: its hosts, the mailboxes of RFC 2142, words that lend authority.
_WORDS = """
    abuse account accounts admin administrator api app apps assets autoconfig autodiscover billing blog bounce bounces
    catchall cdn daemon dashboard dev dkim dns docs domain email example files ftp help home host hostmaster imap info
    inbound internal invoice legal localhost login mail mailer mailer-daemon mta mta-sts mx mx1 mx2 news no-reply
    noreply notifications ns ns1 ns2 oauth office outbound outgoing owner partner password payment payments platform
    pop pop3 postmaster postroom privacy relay reply root sales secure security server service shop signup smtp
    smtpd ssl staff staging static status submission support sysadmin system team test tls unsubscribe usenet user
    users uucp verify webhook webhooks webmail webmaster wiki workspace workspaces www www1 www2
"""
RESERVED = frozenset(_WORDS.split())
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


class NameFault(StrEnum):
    """Why a name cannot be had."""

    LENGTH = "length"
    CHARACTERS = "characters"  # others than small letters, digits and hyphens between them
    LOOKS_FOREIGN = "looks_foreign"  # hyphens in third and fourth place are for IDNA's A-labels (RFC 5891 §4.2.3.1)
    RESERVED = "reserved"


def name_fault(name: str) -> NameFault | None:
    """None for a name that may be given, as far as the name alone says."""
    if not set(name) <= _ALLOWED or name.startswith("-") or name.endswith("-"):
        return NameFault.CHARACTERS
    if not LEAST_CHARACTERS <= len(name) <= MOST_CHARACTERS:
        return NameFault.LENGTH
    if name[2:4] == "--":
        return NameFault.LOOKS_FOREIGN
    return NameFault.RESERVED if name in RESERVED else None
