"""Which SPF record does the bounce domain need, and will the one it has pass (RFC 7208)?

Receivers test SPF on the envelope sender's domain, so this is about the domain of the bounce address.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import collapse_addresses, ip_address, ip_network

from postroom.errors import SpfSyntaxError
from postroom.policy.dns.answers import Answers, Status
from postroom.policy.dns.facts import Sender
from postroom.policy.dns.findings import Finding, Purpose, Record, Remark, Verdict
from postroom.policy.provider import ReturnPathUse
from postroom.rfc.spf import (
    LOOKUP_TERMS,
    MAX_LOOKUPS,
    MAX_VOID_LOOKUPS,
    Network,
    SpfRecord,
    Term,
    is_spf,
    merge_spf,
    parse_spf,
)

# A tree that asks more than this is wrong whatever else it holds; so much is asked of DNS at most.
MAX_WALKED = 40
MAX_MX_HOSTS = 10  # RFC 7208 §4.6.4


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
        is_wrong = any(remark.verdict is Verdict.WRONG for remark in self.remarks)
        return is_wrong or self.lookups > MAX_LOOKUPS or self.voids > MAX_VOID_LOOKUPS

    def covers(self, networks: Iterable[Network]) -> bool:
        """Whether mail from all of `networks` (at least one) passes by address."""
        wanted = list(networks)
        own = [*_collapse(self.networks, 4), *_collapse(self.networks, 6)]
        return bool(wanted) and all(any(_is_within(network, one) for one in own) for network in wanted)


def mechanism_of(sender: Sender) -> str:
    """What the record must hold for mail through `sender` to pass; "" where its SPF is not ours to publish."""
    if sender.spf:
        return sender.spf
    if sender.preset is not None:
        kept = sender.preset.return_path.use is ReturnPathUse.KEPT
        return sender.preset.spf if kept else ""
    if not sender.host:
        return ""
    try:
        address = ip_address(sender.host)
    except ValueError:
        return f"a:{sender.host}" if "." in sender.host else ""
    return f"ip{address.version}:{address}" if address.is_global else ""


def sends_from_unknown(sender: Sender) -> bool:
    """Whether SPF counts for mail through `sender`, and only its operator knows what the record must hold."""
    use = sender.preset.return_path.use if sender.preset else ReturnPathUse.KEPT
    return sender.keeps_return_path and use is ReturnPathUse.KEPT and not mechanism_of(sender)


def check_spf(domain: str, senders: Sequence[Sender], answers: Answers) -> Finding:
    """The SPF record of `domain`, with what `senders` need of it."""
    mechanisms = list(dict.fromkeys(filter(None, map(mechanism_of, senders))))
    unknown = [sender.name for sender in senders if sends_from_unknown(sender)]
    answer = answers.ask(domain, "TXT")
    texts = [value for value in answer.values if is_spf(value)]
    # A record that names nobody would make mail of the unknown server fail, which has none to pass by yet.
    is_known = bool(texts or mechanisms or not unknown)
    record = Record(domain, "TXT", _mend(merge_spf(texts, mechanisms)) if is_known else "", Purpose.SPF)
    if answer.is_unclear or answer.status is Status.LOOP:
        verdict = Verdict.UNCLEAR if answer.is_unclear else Verdict.WRONG
        return Finding(record, remarks=(Remark(verdict, f"dns-{answer.status}", _sentence(answer.explain(domain))),))
    remarks = list(_judge_records(texts, answer.values, domain))
    if len(texts) == 1 and not remarks:
        remarks += _judge_one(texts[0], mechanisms, domain=domain, answers=answers)
    remarks += [_unknown(name) for name in unknown]
    change = _change(record, texts, remarks)
    found = tuple(texts or (value for value in answer.values if _looks_like_spf(value)))
    return Finding(record, found, tuple(remarks), change, answer.is_authenticated)


class Allowance(StrEnum):
    """Whether a domain's record lets a server send."""

    YES = "yes"
    NO = "no"
    NOBODY = "nobody"  # there is no record that receivers can use
    UNCLEAR = "unclear"


def allowance(domain: str, mechanism: str, answers: Answers) -> Allowance:
    """Whether mail of the servers that `mechanism` stands for passes SPF at `domain`."""
    answer = answers.ask(domain, "TXT")
    if answer.is_unclear:
        return Allowance.UNCLEAR
    try:
        record = _parse_only([value for value in answer.values if is_spf(value)])
    except SpfSyntaxError:
        return Allowance.NOBODY
    tree = SpfTree()
    _walk(record, domain, tree=tree, answers=answers, path=(domain,))
    if tree.is_broken:
        return Allowance.NOBODY
    if not mechanism:
        return Allowance.UNCLEAR
    allowed = _allows(tree, mechanism, answers)
    return Allowance.UNCLEAR if allowed is None else Allowance.YES if allowed else Allowance.NO


def walk_spf(text: str, domain: str, answers: Answers) -> SpfTree:
    """The record `text` of `domain` with all it includes; SpfSyntaxError when it is malformed itself."""
    tree = SpfTree()
    _walk(parse_spf(text), domain, tree=tree, answers=answers, path=(domain,))
    return tree


def _judge_records(texts: list[str], values: Iterable[str], domain: str) -> Iterator[Remark]:
    if len(texts) > 1:
        yield Remark(
            Verdict.WRONG,
            "spf-several",
            f"{domain} has {len(texts)} SPF records; with more than one, SPF fails for everybody (RFC 7208 §4.5).",
        )
    elif not texts and any(_looks_like_spf(value) for value in values):
        yield Remark(
            Verdict.WRONG, "spf-typo", "The record is not recognised: it must begin with “v=spf1” and a blank."
        )
    elif not texts:
        yield Remark(Verdict.MISSING, "spf-missing", f"{domain} has no SPF record: receivers find “none”.")


def _judge_one(text: str, mechanisms: list[str], *, domain: str, answers: Answers) -> Iterator[Remark]:
    try:
        record = parse_spf(text)
        tree = walk_spf(text, domain, answers)
    except SpfSyntaxError as error:
        yield Remark(Verdict.WRONG, "spf-syntax", f"{error.message} SPF then fails for everybody.")
        return
    yield from tree.remarks
    yield from _judge_counts(tree)
    yield from _judge_terms(record)
    for mechanism in mechanisms:
        allowed = _allows(tree, mechanism, answers)
        if allowed is False:
            words = f"“{mechanism}” is not in the record, so mail sent that way does not pass SPF."
            yield Remark(Verdict.WRONG, "spf-not-allowed", words)
    if not mechanisms:
        return
    merged = walk_spf(merge_spf([text], mechanisms), domain, answers)
    if merged.lookups > MAX_LOOKUPS >= tree.lookups:
        words = (
            f"With what is missing it takes {merged.lookups} look-ups, more than {MAX_LOOKUPS}: remove others first."
        )
        yield Remark(Verdict.WRONG, "spf-lookups-after", words)


def _unknown(server: str) -> Remark:
    words = f"It is not known here from which addresses mail through {server} reaches receivers; its operator knows."
    return Remark(Verdict.NOTE, "spf-sender-unknown", words)


def _judge_counts(tree: SpfTree) -> Iterator[Remark]:
    if tree.lookups > MAX_LOOKUPS:
        yield Remark(
            Verdict.WRONG,
            "spf-lookups",
            f"The record takes {tree.lookups} DNS look-ups, more than {MAX_LOOKUPS}: receivers give up with an error. "
            "Remove includes that nobody sends through any more.",
        )
    elif tree.is_certain:
        yield Remark(Verdict.OK, "spf-count", f"The record takes {tree.lookups} of {MAX_LOOKUPS} DNS look-ups.")
    if tree.voids > MAX_VOID_LOOKUPS:
        yield Remark(
            Verdict.WRONG,
            "spf-voids",
            f"{tree.voids} of the names it asks for do not exist, more than {MAX_VOID_LOOKUPS}: receivers may give up.",
        )
    if tree.has_macros:
        words = "It holds macros (%{…}), whose names depend on each message; they are counted, not followed."
        yield Remark(Verdict.OK, "spf-macros", words)


def _judge_terms(record: SpfRecord) -> Iterator[Remark]:
    last = record.all
    if last and last.qualifier == "+":
        yield Remark(Verdict.WRONG, "spf-plus-all", f"“{last.text}” lets everybody send in the domain's name.")
    elif last and last.qualifier == "?":
        yield Remark(Verdict.NOTE, "spf-neutral", "“?all” makes no statement about other servers; “~all” does.")
    elif last is None and record.redirect is None:
        yield Remark(Verdict.NOTE, "spf-open-end", "The record has no “all” at its end; add “~all”.")
    if last and record.redirect:
        yield Remark(Verdict.NOTE, "spf-dead-redirect", "redirect= is ignored beside “all”.")
    if last and any(term.qualifier for term in record.terms[record.terms.index(last) + 1 :]):
        yield Remark(Verdict.WRONG, "spf-after-all", "What stands behind “all” is never read.")
    if any(term.name == "ptr" for term in record.terms):
        yield Remark(Verdict.NOTE, "spf-ptr", "“ptr” is slow and no longer to be used (RFC 7208 §5.5).")


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
        tree.remarks.append(Remark(Verdict.UNCLEAR, f"dns-{answer.status}", _sentence(answer.explain(target))))
        return
    tree.voids += not answer.values
    try:
        record = _parse_only(texts)
    except SpfSyntaxError as error:
        words = f"“{term.text}” leads to no usable SPF record ({error.message}), which makes SPF fail for everybody."
        tree.remarks.append(Remark(Verdict.WRONG, "spf-bad-include", words))
        return
    if term.name == "redirect" or term.qualifier == "+":
        tree.includes.add(target)
    _walk(record, target, tree=tree, answers=answers, path=(*path, target))


def _parse_only(texts: list[str]) -> SpfRecord:
    if len(texts) != 1:
        raise SpfSyntaxError("there are several" if texts else "there is none")
    return parse_spf(texts[0])


def _resolve(term: Term, name: str, *, tree: SpfTree, answers: Answers) -> None:
    """The addresses that a, mx or exists asks for."""
    hosts = [name]
    if term.name == "mx":
        exchanges = answers.ask(name, "MX")
        hosts = [value.partition(" ")[2] for value in exchanges.values][:MAX_MX_HOSTS]
        tree.voids += exchanges.is_void
        if exchanges.is_unclear:
            words = _sentence(exchanges.explain(name))
            tree.remarks.append(Remark(Verdict.UNCLEAR, f"dns-{exchanges.status}", words))
    for host in hosts:
        found = [answers.ask(host, "A")] + ([answers.ask(host, "AAAA")] if term.name != "exists" else [])
        unclear = next((answer for answer in found if answer.is_unclear), None)
        if unclear is not None:
            tree.remarks.append(Remark(Verdict.UNCLEAR, f"dns-{unclear.status}", _sentence(unclear.explain(host))))
        tree.voids += all(answer.is_void for answer in found) and term.name != "mx"
        if term.qualifier == "+" and term.name != "exists":
            tree.networks += _networks((value for answer in found for value in answer.values), term)


def _allows(tree: SpfTree, mechanism: str, answers: Answers) -> bool | None:
    """None while it is unclear."""
    (term,) = parse_spf(f"v=spf1 {mechanism}").terms
    if term.name == "include" and term.domain.lower() in tree.includes:
        return True
    # Written out by address (“flattened”), or by another name for the same host: it passes all the same.
    alone = walk_spf(f"v=spf1 {mechanism}", "", answers)
    if tree.covers(alone.networks):
        return True
    return False if tree.is_certain and alone.is_certain else None


def _networks(addresses: Iterable[str], term: Term) -> Iterator[Network]:
    for text in addresses:
        prefix = term.prefixes[1 if ":" in text else 0]
        yield ip_network(f"{text}/{prefix}", strict=False)


def _collapse(networks: Iterable[Network], version: int) -> Iterator[Network]:
    yield from collapse_addresses([network for network in networks if network.version == version])  # type: ignore[type-var] # one version


def _is_within(network: Network, other: Network) -> bool:
    return network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type] # one version


def _mend(text: str) -> str:
    """“+all” is never what somebody wants."""
    return " ".join("~all" if word.lower() in ("+all", "all") else word for word in text.split(" "))


def _change(record: Record, texts: list[str], remarks: list[Remark]) -> str:
    if all(remark.verdict is Verdict.OK or remark.code == "spf-sender-unknown" for remark in remarks):
        return ""
    if texts == [record.value]:
        return f"Correct the SPF record at {record.name}."
    if not record.value:
        return f"Add a TXT record at {record.name} that names these addresses, such as “v=spf1 ip4:192.0.2.1 ~all”."
    if not texts:
        return f"Add the TXT record “{record.value}” at {record.name}."
    if len(texts) > 1:
        return f"Replace the {len(texts)} SPF records at {record.name} by one: “{record.value}”."
    return f"Change the SPF record at {record.name} to “{record.value}”."


def _looks_like_spf(text: str) -> bool:
    return text.strip().lower().replace(" ", "").startswith(("v=spf", "spf1", "spf2.0", '"v=spf'))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."
