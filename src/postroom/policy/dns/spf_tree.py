"""What do an SPF record and all that it includes come to (RFC 7208 §4.6.4, §5)?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import collapse_addresses, ip_network

from postroom.errors import SpfSyntaxError
from postroom.policy.dns.answers import Answers
from postroom.policy.dns.findings import Remark, Verdict
from postroom.rfc.spf import (
    LOOKUP_TERMS,
    MAX_LOOKUPS,
    MAX_VOID_LOOKUPS,
    Network,
    SpfRecord,
    Term,
    is_spf,
    parse_spf,
)

# A tree that asks more than this is wrong whatever else it holds; so much is asked of DNS at most.
MAX_WALKED = 40
MAX_MX_HOSTS = 10  # RFC 7208 §4.6.4
OPEN_TO_ALL, MANY_HOSTS = "spf-plus-all", "spf-many-mx"


@dataclass
class SpfTree:
    """What a record and all it includes come to; the worst case, in which no term fits before the last."""

    lookups: int = 0
    voids: int = 0
    includes: set[str] = field(default_factory=set)
    networks: list[Network] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    has_macros: bool = False

    @property
    def is_certain(self) -> bool:
        return all(remark.verdict is not Verdict.UNCLEAR for remark in self.remarks)

    @property
    def is_broken(self) -> bool:
        """Whether receivers give up on it (RFC 7208 §4.6.4, §5.2)."""
        # Too wide is no error: everybody passes.
        is_wrong = any(r.verdict is Verdict.WRONG and r.code != OPEN_TO_ALL for r in self.remarks)
        return is_wrong or self.lookups > MAX_LOOKUPS or self.voids > MAX_VOID_LOOKUPS

    def covers(self, networks: Iterable[Network]) -> bool:
        """Whether mail from all of `networks` (at least one) passes by address."""
        wanted = list(networks)
        own = [*_collapse(self.networks, 4), *_collapse(self.networks, 6)]
        return bool(wanted) and all(any(_is_within(network, one) for one in own) for network in wanted)


def walk_spf(record: SpfRecord, domain: str, answers: Answers) -> SpfTree:
    """The `record` of `domain` with all it includes."""
    tree = SpfTree()
    _walk(record, domain, tree=tree, answers=answers, path=(domain,))
    return tree


def _walk(record: SpfRecord, domain: str, *, tree: SpfTree, answers: Answers, path: tuple[str, ...]) -> None:
    for term in record.terms:
        is_dead = term.name == "redirect" and record.all is not None
        if tree.lookups > MAX_WALKED or is_dead:
            continue
        tree.lookups += term.name in LOOKUP_TERMS
        if term.has_macro:
            tree.has_macros = True
        elif term.name in ("include", "redirect"):
            _follow(term, tree=tree, answers=answers, path=path)
        elif term.name in ("a", "mx", "exists"):
            _resolve(term, term.domain or domain, tree=tree, answers=answers)
        elif term.network is not None and term.qualifier == "+":
            tree.networks.append(term.network)
        if term.name == "all":
            return


def _follow(term: Term, *, tree: SpfTree, answers: Answers, path: tuple[str, ...]) -> None:
    target = term.domain.lower()
    if target in path:
        words = f"“{term.text}” leads back to {target}: an endless circle."
        tree.remarks.append(Remark(Verdict.WRONG, "spf-circle", words))
        return
    answer = answers.ask(target, "TXT")
    texts = [value for value in answer.values if is_spf(value)]
    if answer.is_unclear:
        tree.remarks.append(Remark(Verdict.UNCLEAR, f"dns-{answer.status}", sentence(answer.explain(target))))
        return
    tree.voids += not answer.values
    try:
        record = parse_only(texts)
    except SpfSyntaxError as error:
        words = f"“{term.text}” leads to no usable SPF record ({error.message}), which makes SPF fail for everybody."
        tree.remarks.append(Remark(Verdict.WRONG, "spf-bad-include", words))
        return
    _enter(term, record, tree=tree, answers=answers, path=(*path, target))


def _enter(term: Term, record: SpfRecord, *, tree: SpfTree, answers: Answers, path: tuple[str, ...]) -> None:
    if term.qualifier not in ("", "+"):  # who passes there is refused here
        networks, includes = list(tree.networks), set(tree.includes)
        _walk(record, path[-1], tree=tree, answers=answers, path=path)
        tree.networks, tree.includes = networks, includes
        return
    tree.includes.add(path[-1])
    if record.all and record.all.qualifier == "+":
        words = f"“{term.text}” leads to a record that lets everybody send in the domain's name."
        tree.remarks.append(Remark(Verdict.WRONG, OPEN_TO_ALL, words))
    _walk(record, path[-1], tree=tree, answers=answers, path=path)


def parse_only(texts: list[str]) -> SpfRecord:
    """The record of a domain that has `texts`; SpfSyntaxError unless it is one, and well-formed."""
    if len(texts) != 1:
        raise SpfSyntaxError("there are several" if texts else "there is none")
    return parse_spf(texts[0])


def _resolve(term: Term, name: str, *, tree: SpfTree, answers: Answers) -> None:
    """The addresses that a, mx or exists asks for."""
    hosts = [name]
    if term.name == "mx":
        exchanges = answers.ask(name, "MX")
        hosts = [value.partition(" ")[2] for value in exchanges.values][:MAX_MX_HOSTS]
        if len(exchanges.values) > MAX_MX_HOSTS:
            words = (
                f"“{term.text}” comes to {len(exchanges.values)} hosts, more than {MAX_MX_HOSTS}: name those that send."
            )
            tree.remarks.append(Remark(Verdict.WRONG, MANY_HOSTS, words))
        tree.voids += exchanges.is_void
        if exchanges.is_unclear:
            words = sentence(exchanges.explain(name))
            tree.remarks.append(Remark(Verdict.UNCLEAR, f"dns-{exchanges.status}", words))
    for host in hosts:
        found = [answers.ask(host, "A")] + ([answers.ask(host, "AAAA")] if term.name != "exists" else [])
        unclear = next((answer for answer in found if answer.is_unclear), None)
        if unclear is not None:
            tree.remarks.append(Remark(Verdict.UNCLEAR, f"dns-{unclear.status}", sentence(unclear.explain(host))))
        tree.voids += all(answer.is_void for answer in found) and term.name != "mx"
        if term.qualifier == "+" and term.name != "exists":
            tree.networks += _networks((value for answer in found for value in answer.values), term)


def _networks(addresses: Iterable[str], term: Term) -> Iterator[Network]:
    for text in addresses:
        prefix = term.prefixes[1 if ":" in text else 0]
        yield ip_network(f"{text}/{prefix}", strict=False)


def _collapse(networks: Iterable[Network], version: int) -> Iterator[Network]:
    yield from collapse_addresses([network for network in networks if network.version == version])  # type: ignore[type-var] # one version


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."


def _is_within(network: Network, other: Network) -> bool:
    return network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type] # one version
