"""What does DNS answer, and if it does not, why not?

Names that do not exist, records that do not exist and servers that do not answer are told apart, because only the first
two say something of the domain. CNAME records are followed here, whatever the server follows: an authoritative server
stops at the end of its zone.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
from dns.rdatatype import RdataType

from postroom.domains.nameserver import Nameserver
from postroom.errors import PostroomError
from postroom.policy.dns.answers import Answer, Question, Status

SECONDS = 3.0  # for one try; a resolver needs up to two for names far away
TRIES = 2  # a lost packet is no missing record
MAX_CHAIN = 10  # CNAME records in a row; resolvers give up at 8 to 16
MAX_AT_ONCE = 8

_CLEAR = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)


class NoResolverError(PostroomError):
    """This machine has no DNS server set up; name one with --resolver or POSTROOM_RESOLVER, as 192.0.2.1:53."""

    code = "no_resolver"


class Resolver:
    """Asks one DNS server, or those of the system. Safe to share among threads."""

    def __init__(self, nameserver: Nameserver | None = None, *, seconds: float = SECONDS) -> None:
        """NoResolverError when the system has none. `seconds` is for one try of one server."""
        self._nameservers = [nameserver] if nameserver else _of_the_system()
        self._seconds = seconds

    def ask(self, question: Question) -> Answer:
        """The answer, or how there was none; raises nothing."""
        try:
            name, type_ = dns.name.from_text(question.name), dns.rdatatype.from_text(question.type)
        except dns.exception.DNSException:
            return Answer(Status.NXDOMAIN)  # what cannot be a name is nobody's
        return self._follow(name, type_)

    def ask_all(self, questions: Iterable[Question]) -> dict[Question, Answer]:
        """As `ask`, some at the same time."""
        pending = list(questions)
        with ThreadPoolExecutor(max_workers=MAX_AT_ONCE) as threads:
            return dict(zip(pending, threads.map(self.ask, pending), strict=True))

    def _follow(self, name: dns.name.Name, type_: RdataType) -> Answer:
        chain: list[dns.name.Name] = []
        is_authenticated = True
        while True:
            response = self._exchange(name, type_)
            if isinstance(response, Status):
                return Answer(response, chain=_texts(chain))
            is_authenticated = is_authenticated and bool(response.flags & dns.flags.AD)
            values, targets = _read(response, name, type_)
            is_loop = not {name, *chain}.isdisjoint(targets) or len(set(targets)) < len(targets)
            chain += targets
            if is_loop or len(chain) > MAX_CHAIN:
                return Answer(Status.LOOP, chain=_texts(chain[:MAX_CHAIN]))
            if values:
                return Answer(Status.FOUND, values, _texts(chain), is_authenticated)
            if response.rcode() == dns.rcode.NXDOMAIN:
                return Answer(Status.NXDOMAIN, (), _texts(chain), is_authenticated)
            if not targets:
                return Answer(Status.NODATA, (), _texts(chain), is_authenticated)
            name = targets[-1]

    def _exchange(self, name: dns.name.Name, type_: RdataType) -> dns.message.Message | Status:
        response = self._query(name, type_, flags=dns.flags.RD | dns.flags.AD)  # AD: tell us, RFC 6840 §5.7
        if response is not Status.SERVFAIL:
            return response
        # A validating resolver hides data whose signatures are wrong; unchecked (CD) it shows them.
        unchecked = self._query(name, type_, flags=dns.flags.RD | dns.flags.CD)
        return Status.SERVFAIL if isinstance(unchecked, Status) else Status.BOGUS

    def _query(self, name: dns.name.Name, type_: RdataType, *, flags: int) -> dns.message.Message | Status:
        failure = Status.TIMEOUT
        for has_edns in [True] + [False] * (TRIES - 1):  # some old servers refuse EDNS
            query = dns.message.make_query(name, type_, flags=flags, use_edns=has_edns, payload=1232)
            for server in self._nameservers:
                response = self._send(query, server)
                if isinstance(response, dns.message.Message):
                    return response
                failure = Status.SERVFAIL if Status.SERVFAIL in (failure, response) else response
        return failure

    def _send(self, query: dns.message.QueryMessage, server: Nameserver) -> dns.message.Message | Status:
        options: dict[str, Any] = {"timeout": self._seconds, "port": server.port}
        try:
            response, _ = dns.query.udp_with_fallback(query, server.address, ignore_unexpected=True, **options)
        except dns.exception.Timeout:
            return Status.TIMEOUT
        except (dns.exception.DNSException, OSError, EOFError):
            return Status.SERVFAIL
        return response if response.rcode() in _CLEAR else Status.SERVFAIL


def _of_the_system() -> list[Nameserver]:
    try:
        system = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        raise NoResolverError from None
    return [Nameserver(str(address), system.port) for address in system.nameservers]


def _read(
    response: dns.message.Message, name: dns.name.Name, type_: RdataType
) -> tuple[tuple[str, ...], list[dns.name.Name]]:
    """The values of `type_` that a response holds for `name`, and the CNAME targets on the way to them."""
    targets: list[dns.name.Name] = []
    while len(targets) <= MAX_CHAIN:
        found = response.get_rrset(response.answer, name, dns.rdataclass.IN, type_)
        if found:
            return tuple(sorted(map(_text_of, found), key=_by_preference)), targets
        alias = response.get_rrset(response.answer, name, dns.rdataclass.IN, RdataType.CNAME)
        if not alias:
            break
        name = alias[0].target
        targets.append(name)
    return (), targets


def _text_of(record: Any) -> str:
    """As `Answer.values` has it."""
    if record.rdtype == RdataType.TXT:
        return b"".join(record.strings).decode(errors="replace")
    if record.rdtype == RdataType.MX:
        return f"{record.preference} {_name(record.exchange)}"
    if record.rdtype == RdataType.CNAME:
        return _name(record.target)
    return str(record)


def _by_preference(value: str) -> tuple[int, str]:
    """MX in their order of use, everything else by its text."""
    number = value.partition(" ")[0]
    return (int(number) if number.isascii() and number.isdigit() else 0, value)


def _texts(names: Iterable[dns.name.Name]) -> tuple[str, ...]:
    return tuple(map(_name, names))


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if len(name.labels) > 1 else ""
