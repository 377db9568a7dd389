"""How is an SPF record written that receivers can use, of one that they cannot (RFC 7208)?"""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from postroom.errors import SpfSyntaxError
from postroom.policy.dns.answers import Answers
from postroom.policy.dns.findings import Verdict
from postroom.policy.dns.spf_tree import MANY_HOSTS, SpfTree, walk_spf
from postroom.rfc.spf import MAX_VOID_LOOKUPS, parse_spf

# What people write for “ip4:192.0.2.1” and “include:example.com”.
_SLIP = re.compile(
    r"(?P<qualifier>[-+~?]?)(?P<name>include|exists|ip4|ip6|ipv4|ipv6|ip|a|mx)[:=](?P<value>.+)", re.IGNORECASE
)


def mended(text: str, domain: str, answers: Answers) -> str:
    """The SPF record `text` of `domain` without what makes SPF fail for everybody, or pass for everybody.

    Slips of the pen are corrected; terms that lead to nothing are left out. Too many look-ups are not its business:
    which of them may go, only the domain's owner knows.
    """
    words = [word for given in text.split(" ")[1:] if (word := _readable(given))]
    alone = {word: walk_spf(parse_spf(f"v=spf1 {word}"), domain, answers) for word in words}
    has_too_many_voids = sum(tree.voids for tree in alone.values()) > MAX_VOID_LOOKUPS
    kept = [
        "~all" if word.lower() in ("+all", "all") else word
        for word in words
        if not _is_harmful(alone[word]) and not (has_too_many_voids and alone[word].voids)
    ]
    return " ".join(["v=spf1", *kept])


def _readable(word: str) -> str:
    """`word`, or what it was meant for; "" where that cannot be told."""
    bare = word.strip(",;")
    return next((attempt for attempt in (word, bare, *_without_slips(bare)) if _is_term(attempt)), "")


def _is_term(word: str) -> bool:
    try:
        return all(not term.is_slip for term in parse_spf(f"v=spf1 {word}").terms)
    except SpfSyntaxError:
        return False


def _without_slips(word: str) -> Iterator[str]:
    match = _SLIP.fullmatch(word)
    qualifier, value = (match["qualifier"], match["value"]) if match else ("", word)
    try:
        yield f"{qualifier}ip{ip_address(value.partition('/')[0]).version}:{value}"
    except ValueError:
        if match:
            yield f"{qualifier}{match['name']}:{value}"


def _is_harmful(tree: SpfTree) -> bool:
    """Many MX hosts are too many to look up, but may well send."""
    return any(remark.verdict is Verdict.WRONG and remark.code != MANY_HOSTS for remark in tree.remarks)
