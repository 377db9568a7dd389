"""May this client send mail for that domain (check_host of RFC 7208 §4)?"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network

from postroom.errors import SpfSyntaxError
from postroom.policy.dns.answers import Answer, Question, Status
from postroom.policy.sender.spf_macros import Client, expand
from postroom.rfc.spf import LOOKUP_TERMS, MAX_LOOKUPS, MAX_VOID_LOOKUPS, SpfRecord, Term, is_spf, parse_spf

Ask = Callable[[Question], Answer]
"""One question to DNS; raises nothing."""

MAX_NAMES = 10  # RFC 7208 §4.6.4: MX hosts of a term, and names of an address


class SpfResult(StrEnum):
    """RFC 7208 §2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class SpfVerdict:
    """The result for `domain`, with the term that decided, or what is wrong."""

    result: SpfResult
    domain: str
    reason: str = ""


class _BrokenError(Exception):
    """No result can be had: `result` is temperror or permerror."""

    def __init__(self, result: SpfResult, reason: str) -> None:
        super().__init__(reason)
        self.result, self.reason = result, reason


_QUALIFIED = {"+": SpfResult.PASS, "-": SpfResult.FAIL, "~": SpfResult.SOFTFAIL, "?": SpfResult.NEUTRAL}


def check_host(client: Client, ask: Ask) -> SpfVerdict:
    """SPF of the envelope sender's domain."""
    domain = client.sender.rpartition("@")[2].lower().rstrip(".")
    if "." not in domain:  # RFC 7208 §4.3: no domain that could have a record
        return SpfVerdict(SpfResult.NONE, domain, "no domain to ask")
    try:
        result, reason = _Check(client, ask).evaluate(domain)
    except _BrokenError as broken:
        return SpfVerdict(broken.result, domain, broken.reason)
    return SpfVerdict(result, domain, reason)


class _Check:
    """One evaluation, with what may still be asked."""

    def __init__(self, client: Client, ask: Ask) -> None:
        self._client, self._ask_dns = client, ask
        self._lookups = self._voids = 0

    def evaluate(self, domain: str) -> tuple[SpfResult, str]:
        record = self._record(domain)
        if record is None:
            return SpfResult.NONE, f"{domain} has no SPF record"
        for term in record.terms:
            if term.qualifier and self._matches(term, domain):
                return _QUALIFIED[term.qualifier], term.text
        if record.redirect is None or record.all is not None:
            return SpfResult.NEUTRAL, "no term fits"
        return self._redirect(record.redirect, domain)

    def _record(self, domain: str) -> SpfRecord | None:
        answer = self._ask(domain, "TXT", counts_void=False)
        texts = [value for value in answer.values if is_spf(value)]
        if len(texts) > 1:
            raise _BrokenError(SpfResult.PERMERROR, f"{domain} has {len(texts)} SPF records")
        try:
            return parse_spf(texts[0]) if texts else None
        except SpfSyntaxError as error:
            raise _BrokenError(SpfResult.PERMERROR, f"{domain}: {error.message}") from error

    def _redirect(self, term: Term, domain: str) -> tuple[SpfResult, str]:
        self._count(term)
        result, reason = self.evaluate(expand(term.domain, self._client, domain))
        if result is SpfResult.NONE:
            raise _BrokenError(SpfResult.PERMERROR, f"{term.text}: {reason}")
        return result, reason

    def _matches(self, term: Term, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.network is not None:
            return self._client.address in term.network
        self._count(term)
        target = expand(term.domain, self._client, domain) if term.domain else domain
        match term.name:
            case "include":
                return self._includes(term, target)
            case "a":
                return self._is_at(target, term)
            case "mx":
                return any(self._is_at(host, term) for host in self._hosts(target))
            case "ptr":
                return self._has_name(target)
            case _:
                return bool(self._ask(target, "A").values)

    def _includes(self, term: Term, target: str) -> bool:
        result, reason = self.evaluate(target)
        if result is SpfResult.NONE:
            raise _BrokenError(SpfResult.PERMERROR, f"{term.text}: {reason}")
        return result is SpfResult.PASS

    def _hosts(self, domain: str) -> list[str]:
        hosts = [value.partition(" ")[2] for value in self._ask(domain, "MX").values]
        if len(hosts) > MAX_NAMES:
            raise _BrokenError(SpfResult.PERMERROR, f"{domain} has {len(hosts)} MX records")
        return [host for host in hosts if host]

    def _is_at(self, host: str, term: Term) -> bool:
        address = self._client.address
        length = term.prefixes[0 if address.version == 4 else 1]
        addresses = self._ask(host, "A" if address.version == 4 else "AAAA").values
        return any(address in ip_network(f"{value}/{length}", strict=False) for value in _sound(addresses))

    def _has_name(self, target: str) -> bool:
        """RFC 7208 §5.5; whatever fails there is no match."""
        names = self._ask_dns(Question(self._client.address.reverse_pointer, "PTR")).values[:MAX_NAMES]
        kind = "A" if self._client.address.version == 4 else "AAAA"
        for name in (value.rstrip(".").lower() for value in names):
            is_below = f".{name}".endswith(f".{target}")
            if is_below and str(self._client.address) in self._ask_dns(Question(name, kind)).values:
                return True
        return False

    def _ask(self, name: str, type_: str, *, counts_void: bool = True) -> Answer:
        answer = self._ask_dns(Question(name, type_))
        if answer.is_unclear or answer.status is Status.LOOP:
            raise _BrokenError(SpfResult.TEMPERROR, answer.explain(name))
        self._voids += counts_void and answer.is_void
        if self._voids > MAX_VOID_LOOKUPS:
            raise _BrokenError(SpfResult.PERMERROR, f"more than {MAX_VOID_LOOKUPS} terms lead nowhere")
        return answer

    def _count(self, term: Term) -> None:
        self._lookups += term.name in LOOKUP_TERMS
        if self._lookups > MAX_LOOKUPS:
            raise _BrokenError(SpfResult.PERMERROR, f"more than {MAX_LOOKUPS} terms ask DNS")


def _sound(values: Iterable[str]) -> Iterable[str]:
    for value in values:
        try:
            yield str(ip_address(value))
        except ValueError:
            continue
