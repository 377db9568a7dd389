"""What has DNS answered so far, and what must it still be asked?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Question(NamedTuple):
    """`name` in lower case without the last dot; `type` is TXT, MX, A, AAAA or CNAME."""

    name: str
    type: str


class Status(StrEnum):
    """How DNS answered. What is unclear says nothing of the records: they may well be there."""

    FOUND = "found"
    NODATA = "nodata"  # the name exists, without a record of that type
    NXDOMAIN = "nxdomain"  # the name does not exist
    LOOP = "loop"  # its CNAME records lead nowhere
    SERVFAIL = "servfail"  # a name server failed or refused
    BOGUS = "bogus"  # the answer's DNSSEC signatures are wrong, or its signature is missing
    TIMEOUT = "timeout"
    PENDING = "pending"  # not asked yet


UNCLEAR = frozenset({Status.SERVFAIL, Status.BOGUS, Status.TIMEOUT, Status.PENDING})
_WORDS = {
    Status.LOOP: "the CNAME records of {name} lead in a circle or too far",
    Status.SERVFAIL: "the name server failed or refused to answer for {name}",
    Status.BOGUS: "the DNSSEC signatures of {name} are wrong, so that many receivers see nothing there",
    Status.TIMEOUT: "no name server answered for {name} in time",
    Status.PENDING: "{name} was not asked",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`values` are TXT strings joined, addresses, hosts, or "10 mail.example.com"; [] unless found.

    `chain` are the CNAME targets on the way, `is_authenticated` says that a validating resolver vouches (AD).
    """

    status: Status
    values: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    is_authenticated: bool = False

    @property
    def is_unclear(self) -> bool:
        return self.status in UNCLEAR

    @property
    def is_void(self) -> bool:
        """Answered for certain, with nothing."""
        return not self.values and not self.is_unclear

    def explain(self, name: str) -> str:
        return _WORDS[self.status].format(name=name)


_PENDING = Answer(Status.PENDING)


@dataclass(frozen=True)
class Answers:
    """What is known; asking for something else notes it as wanted."""

    known: Mapping[Question, Answer] = field(default_factory=dict)
    wanted: set[Question] = field(default_factory=set)

    def ask(self, name: str, type_: str) -> Answer:
        question = Question(name.lower().rstrip("."), type_)
        if question not in self.known:
            self.wanted.add(question)
        return self.known.get(question, _PENDING)
