"""What does this SPF record say (RFC 7208), and how is it written with one more server in it?"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from postroom.errors import SpfSyntaxError

Network = IPv4Network | IPv6Network

MAX_LOOKUPS = 10  # RFC 7208 §4.6.4: terms that ask DNS
MAX_VOID_LOOKUPS = 2  # likewise: those of them that are answered with nothing
LOOKUP_TERMS = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})

_VERSION = re.compile(r"v=spf1(?: +|$)", re.IGNORECASE)
_MODIFIER = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_.-]*)=(?P<value>\S*)")
_MECHANISM = re.compile(
    r"(?P<qualifier>[-+~?]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)(?P<rest>[:/]\S*)?", re.IGNORECASE
)
_PREFIXES = re.compile(r"(?:/(?P<v4>\d{1,2}))?(?://(?P<v6>\d{1,3}))?")
_MACRO = re.compile(r"%(?:\{[slodiphcrtv]\d*r?[-.+,/_=]*\}|%|_|-)", re.IGNORECASE)
_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z0-9_-]{1,63}\.?")
_NEEDS_DOMAIN = frozenset({"include", "exists"})
_MAY_HAVE_PREFIXES = frozenset({"a", "mx"})


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism or a modifier (`qualifier` is "" for those).

    `domain` is what follows the colon or equals sign, "" when absent; it may hold macros. `network` is set for ip4 and
    ip6; `prefixes` are the lengths for IPv4 and IPv6 of a and mx. The `name` of a modifier that nobody knows ends with
    "=", for it may be that of a mechanism.
    """

    text: str
    name: str
    qualifier: str = ""
    domain: str = ""
    network: Network | None = None
    prefixes: tuple[int, int] = (32, 128)

    @property
    def has_macro(self) -> bool:
        return "%" in self.domain

    @property
    def is_slip(self) -> bool:
        """Whether “include=…” stands where “include:…” was meant: receivers ignore it as an unknown modifier (§6)."""
        return self.name.endswith("=") and _MECHANISM.fullmatch(self.name.removesuffix("=")) is not None


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """The terms in their order."""

    terms: tuple[Term, ...]

    @property
    def all(self) -> Term | None:
        return next((term for term in self.terms if term.name == "all"), None)

    @property
    def redirect(self) -> Term | None:
        """The record that counts where nothing here fits; ignored beside “all” (RFC 7208 §6.1)."""
        return next((term for term in self.terms if term.name == "redirect"), None)


def is_spf(text: str) -> bool:
    """Whether receivers take a TXT record for an SPF record (RFC 7208 §4.5)."""
    return _VERSION.match(text) is not None


def parse_spf(text: str) -> SpfRecord:
    """The record of a domain; SpfSyntaxError names the first term that a receiver stumbles over (RFC 7208 §4.6)."""
    if not is_spf(text):
        raise SpfSyntaxError("An SPF record begins with “v=spf1 ”.")
    terms = tuple(_parse_term(word) for word in text.split(" ")[1:] if word)
    for name in ("redirect", "exp"):
        if sum(term.name == name for term in terms) > 1:
            raise SpfSyntaxError(f"{name}= is given twice.")
    return SpfRecord(terms)


def merge_spf(texts: Iterable[str], mechanisms: Iterable[str]) -> str:
    """One record that allows what each of `texts` allows (there must be only one, RFC 7208 §4.5) and `mechanisms`.

    What is there stays as it is written; “all” and the modifiers stay at the end. Without any: soft fail, as long as
    nobody knows whether all servers are named.
    """
    records = [_Words.of(text) for text in texts]
    is_alone = len(records) == 1
    kept = [word for record in records for word in (record.kept if is_alone else record.kept_with_redirect)]
    ends = [record.end for record in records if record.end and (is_alone or not record.redirect)]
    merged = _without_doubles([*kept, *mechanisms])
    return " ".join(["v=spf1", *merged, ends[0] if ends else "~all"])


def macro_is_valid(text: str) -> bool:
    """Whether each % of a domain-spec begins a macro (RFC 7208 §7.1)."""
    return "%" not in _MACRO.sub("", text)


def _parse_term(word: str) -> Term:
    if match := _MECHANISM.fullmatch(word):
        return _parse_mechanism(word, match)
    if match := _MODIFIER.fullmatch(word):
        name, value = match["name"].lower(), match["value"]
        if name in ("redirect", "exp"):
            _check_domain(word, value)
            return Term(word, name, domain=value.rstrip("."))
        return Term(word, f"{name}=", domain=value)  # unknown: ignored, §6
    raise SpfSyntaxError(f"“{word[:80]}” is neither a mechanism nor a modifier of SPF.")


def _parse_mechanism(word: str, match: re.Match[str]) -> Term:
    name, rest = match["name"].lower(), match["rest"] or ""
    qualifier = match["qualifier"] or "+"
    if name in ("ip4", "ip6"):
        return Term(word, name, qualifier, network=_parse_network(word, name, rest))
    if name == "all":
        if rest:
            raise SpfSyntaxError(f"“{word[:80]}”: nothing may follow “all”.")
        return Term(word, name, qualifier)
    value, prefixes = _split_prefixes(word, rest) if name in _MAY_HAVE_PREFIXES else (rest, (32, 128))
    domain = value.removeprefix(":")
    if domain or value or name in _NEEDS_DOMAIN:
        _check_domain(word, domain)
    return Term(word, name, qualifier, domain.rstrip("."), prefixes=prefixes)


def _parse_network(word: str, name: str, rest: str) -> Network:
    try:
        network = ip_network(rest.removeprefix(":"), strict=False)
    except ValueError:
        raise SpfSyntaxError(f"“{word[:80]}” holds no IP address or network.") from None
    if not rest.startswith(":") or network.version != int(name[2]):
        raise SpfSyntaxError(f"“{word[:80]}”: write {name}:ADDRESS.")
    return network


def _split_prefixes(word: str, rest: str) -> tuple[str, tuple[int, int]]:
    value, slash, tail = rest.partition("/")
    match = _PREFIXES.fullmatch(slash + tail)
    v4, v6 = (int(match["v4"] or 32), int(match["v6"] or 128)) if match else (99, 999)
    if v4 > 32 or v6 > 128:
        raise SpfSyntaxError(f"“{word[:80]}” has no valid prefix length.")
    return value, (v4, v6)


def _check_domain(word: str, domain: str) -> None:
    is_valid = macro_is_valid(domain) if "%" in domain else _DOMAIN.fullmatch(domain) is not None
    if not domain or not is_valid:
        raise SpfSyntaxError(f"“{word[:80]}” names no domain.")


@dataclass(frozen=True, slots=True)
class _Words:
    """A record's words: those that may be followed by others, and what ends it (“all” or redirect, with exp)."""

    kept: list[str]
    end: str
    redirect: str

    @classmethod
    def of(cls, text: str) -> "_Words":
        words = [word for word in text.split(" ")[1:] if word]
        every = [word for word in words if word.lstrip("+-~?").lower() == "all"]
        redirects = [] if every else [word for word in words if word.lower().startswith("redirect=")]
        explanations = [word for word in words if word.lower().startswith("exp=")]
        ends = {*every, *explanations, *(word for word in words if word.lower().startswith("redirect="))}
        kept = [word for word in words if word not in ends]
        return cls(kept, " ".join((every or redirects)[:1] + explanations[:1]), "".join(redirects[:1]))

    @property
    def kept_with_redirect(self) -> list[str]:
        """As part of another record, where only an include can lead to the other domain."""
        return self.kept + ([f"include:{self.redirect.partition('=')[2]}"] if self.redirect else [])


def _without_doubles(words: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for word in words:
        key = word.removeprefix("+").rstrip(".").lower()
        if key not in seen:
            seen.add(key)
            yield word
