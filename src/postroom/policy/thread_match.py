"""To which thread does an answer belong, how sure is that, and may it go in at once?

Mail loses its signs on the way: providers put in their own Message-ID, programs drop References when the subject
changes, people answer from an address book. So four keys are asked, and what they say is added up: the signed reply
address that the answer was sent to, the Message-IDs that it names, those that a provider is known to have put in the
place of ours, and the marker in the quoted text.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Key(StrEnum):
    """By what an answer names a thread."""

    REPLY_ADDRESS = "reply_address"  # signed: only who got mail of the thread, or got it passed on, knows it
    OWN_ID = "own_id"  # the Message-ID of mail that we sent
    LEARNED_ID = "learned_id"  # that a provider put in its place
    ROOT_ID = "root_id"  # that all mail of the thread refers to
    INCOMING_ID = "incoming_id"  # of mail that came in; others may have got it as well
    MARKER = "marker"  # signed, in the text


# How much a key says. No key outweighs two others: an old reply address in a new conversation loses to its references.
WEIGHTS: Mapping[Key, int] = {
    Key.REPLY_ADDRESS: 60,
    Key.OWN_ID: 50,
    Key.LEARNED_ID: 50,
    Key.ROOT_ID: 40,
    Key.INCOMING_ID: 30,
    Key.MARKER: 25,
}
CERTAIN = 100  # a score: two strong keys agree

_SAYS = {
    Key.REPLY_ADDRESS: "It was sent to the signed reply address of this thread",
    Key.OWN_ID: "It answers a mail that we sent",
    Key.LEARNED_ID: "It answers a mail of ours under the Message-ID that the provider gave it",
    Key.ROOT_ID: "It refers to the root of this thread",
    Key.INCOMING_ID: "It answers a mail that came in",
    Key.MARKER: "Its text holds the marker of this thread",
}


@dataclass(frozen=True, slots=True)
class Clue:
    """A key of the answer leads to the thread of `record`."""

    key: Key
    record: int


class Verdict(StrEnum):
    """What is to be done with an answer."""

    THREAD = "thread"  # it goes into the thread
    APPROVAL = "approval"  # a person decides: its sender is a stranger to the thread it names
    MAILING = "mailing"  # it answers a mailing: it begins a thread of its own, or goes on in its sender's
    NONE = "none"  # it names no thread


@dataclass(frozen=True, slots=True)
class Match:
    """The thread, if any; `score` from 0 to CERTAIN; `why` are sentences for people."""

    verdict: Verdict
    record: int | None
    score: int
    keys: frozenset[Key]
    why: tuple[str, ...]

    @property
    def told(self) -> str:
        """Why it belongs there and how far the keys agree, for people."""
        agreement = f"Agreement: {self.score} of {CERTAIN}."
        return " ".join([*self.why, agreement])


def decide(clues: Iterable[Clue], *, takes_part_in: Collection[int], answers_mailing: bool = False) -> Match:
    """The thread that most speaks for.

    `takes_part_in`: those of the clues' records whose threads the sender is known in; the answer to a mailing goes to
    one of these only, as everybody whom it was sent to has a thread of their own. A stranger who names a thread by what
    anybody could have copied waits for a person; the signed reply address alone lets them in.
    """
    keys = _keys_by_record(clues)
    known = {record: found for record, found in keys.items() if record in takes_part_in}
    if answers_mailing and not known:
        return Match(Verdict.MAILING, None, 0, frozenset(), ("It answers a mailing.",))
    if not keys:
        return Match(Verdict.NONE, None, 0, frozenset(), ("Nothing in it leads to a thread.",))
    candidates = known if answers_mailing else keys
    record = max(candidates, key=lambda each: (_weigh(keys[each]), each in known, each))
    is_let_in = record in known or Key.REPLY_ADDRESS in keys[record]
    return Match(
        Verdict.THREAD if is_let_in else Verdict.APPROVAL,
        record,
        _score(keys, record),
        frozenset(keys[record]),
        tuple(_explain(keys, record, is_known=record in known)),
    )


def _keys_by_record(clues: Iterable[Clue]) -> dict[int, set[Key]]:
    keys: dict[int, set[Key]] = defaultdict(set)
    for clue in clues:
        keys[clue.record].add(clue.key)
    return keys


def _weigh(keys: Collection[Key]) -> int:
    return sum(WEIGHTS[key] for key in keys)


def _score(keys: Mapping[int, Collection[Key]], record: int) -> int:
    """What speaks for the record, less what speaks for the strongest other."""
    against = max((_weigh(found) for other, found in keys.items() if other != record), default=0)
    return max(0, min(CERTAIN, _weigh(keys[record]) - against))


def _explain(keys: Mapping[int, Collection[Key]], record: int, *, is_known: bool) -> Iterable[str]:
    for key in sorted(keys[record], key=lambda key: -WEIGHTS[key]):
        yield f"{_SAYS[key]}."
    for other, found in keys.items():
        if other != record:
            signs = ", ".join(sorted(key.value for key in found))
            yield f"Other signs ({signs}) lead to the thread of record {other}."
    if not is_known:
        yield "Its sender has not taken part in this thread."
