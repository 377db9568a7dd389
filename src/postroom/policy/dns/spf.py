"""Which SPF record does the bounce domain need, and will the one it has pass (RFC 7208)?

Receivers test SPF on the envelope sender's domain, so this is about the domain of the bounce address.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from ipaddress import ip_address

from postroom.errors import SpfSyntaxError
from postroom.policy.dns.answers import Answers, Status
from postroom.policy.dns.facts import Sender
from postroom.policy.dns.findings import Finding, Purpose, Record, Remark, Verdict
from postroom.policy.dns.spf_mending import mended
from postroom.policy.dns.spf_tree import OPEN_TO_ALL, SpfTree, parse_only, sentence, walk_spf
from postroom.policy.provider import ReturnPathUse
from postroom.rfc.spf import (
    LOOKUP_TERMS,
    MAX_LOOKUPS,
    MAX_VOID_LOOKUPS,
    SpfRecord,
    is_spf,
    merge_spf,
    parse_spf,
)


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
    # Mail that ends in the capture server needs no record, unless all does: then it is what the owner wants to try.
    senders = [sender for sender in senders if not sender.is_captured] or senders
    mechanisms = list(dict.fromkeys(filter(None, map(mechanism_of, senders))))
    unknown = [sender.name for sender in senders if sends_from_unknown(sender)]
    answer = answers.ask(domain, "TXT")
    texts = [value for value in answer.values if is_spf(value)]
    # A record that names nobody would make mail of the unknown server fail, which has none to pass by yet.
    is_known = bool(texts or mechanisms or not unknown)
    kept = [mended(text, domain, answers) for text in texts]
    record = Record(domain, "TXT", merge_spf(kept, mechanisms) if is_known else "", Purpose.SPF)
    if answer.is_unclear or answer.status is Status.LOOP:
        verdict = Verdict.UNCLEAR if answer.is_unclear else Verdict.WRONG
        record = replace(record, value="")  # one that leaves out what is there, or stands beside it, does harm
        return Finding(record, remarks=(Remark(verdict, f"dns-{answer.status}", sentence(answer.explain(domain))),))
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
        record = parse_only([value for value in answer.values if is_spf(value)])
    except SpfSyntaxError:
        return Allowance.NOBODY
    tree = walk_spf(record, domain, answers)
    if tree.is_broken:
        return Allowance.NOBODY
    if not mechanism:
        return Allowance.UNCLEAR
    allowed = _allows(tree, mechanism, answers)
    return Allowance.UNCLEAR if allowed is None else Allowance.YES if allowed else Allowance.NO


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
    except SpfSyntaxError as error:
        yield Remark(Verdict.WRONG, "spf-syntax", f"{error.message} SPF then fails for everybody.")
        return
    tree = walk_spf(record, domain, answers)
    yield from tree.remarks
    yield from _judge_counts(tree)
    if tree.lookups > MAX_LOOKUPS:
        yield _costs(record, domain, answers)
    yield from _judge_terms(record)
    for mechanism in mechanisms:
        allowed = _allows(tree, mechanism, answers)
        if allowed is False:
            words = f"“{mechanism}” is not in the record, so mail sent that way does not pass SPF."
            yield Remark(Verdict.WRONG, "spf-not-allowed", words)
    if not mechanisms:
        return
    merged = walk_spf(parse_spf(merge_spf([text], mechanisms)), domain, answers)
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


def _costs(record: SpfRecord, domain: str, answers: Answers) -> Remark:
    """What to save on: each term's look-ups, most first."""
    asking = [term for term in record.terms if term.name in LOOKUP_TERMS]
    lookups = {term.text: walk_spf(SpfRecord((term,)), domain, answers).lookups for term in asking}
    parts = [f"{text} ({number})" for text, number in sorted(lookups.items(), key=lambda item: -item[1])]
    return Remark(Verdict.NOTE, "spf-costs", f"Look-ups by term: {', '.join(parts)}.")


def _judge_terms(record: SpfRecord) -> Iterator[Remark]:
    last = record.all
    if last and last.qualifier == "+":
        yield Remark(Verdict.WRONG, OPEN_TO_ALL, f"“{last.text}” lets everybody send in the domain's name.")
    elif last and last.qualifier == "?":
        yield Remark(Verdict.NOTE, "spf-neutral", "“?all” makes no statement about other servers; “~all” does.")
    elif last is None and record.redirect is None:
        yield Remark(Verdict.NOTE, "spf-open-end", "The record has no “all” at its end; add “~all”.")
    if last and record.redirect:
        yield Remark(Verdict.NOTE, "spf-dead-redirect", "redirect= is ignored beside “all”.")
    if last and any(term.qualifier for term in record.terms[record.terms.index(last) + 1 :]):
        yield Remark(Verdict.WRONG, "spf-after-all", "What stands behind “all” is never read.")
    for term in (term for term in record.terms if term.is_slip):
        yield Remark(Verdict.WRONG, "spf-slip", f"“{term.text}” is ignored: a mechanism is followed by a colon.")
    if any(term.name == "ptr" for term in record.terms):
        yield Remark(Verdict.NOTE, "spf-ptr", "“ptr” is slow and no longer to be used (RFC 7208 §5.5).")


def _allows(tree: SpfTree, mechanism: str, answers: Answers) -> bool | None:
    """None while it is unclear."""
    wanted = parse_spf(f"v=spf1 {mechanism}")
    (term,) = wanted.terms
    if term.name == "include" and term.domain.lower() in tree.includes:
        return True
    # Written out by address (“flattened”), or by another name for the same host: it passes all the same.
    alone = walk_spf(wanted, "", answers)
    if tree.covers(alone.networks):
        return True
    return False if tree.is_certain and alone.is_certain else None


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
