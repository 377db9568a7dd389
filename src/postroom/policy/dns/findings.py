"""How is a DNS record to publish told, and what was found in its place?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What a finding asks of the domain's owner."""

    OK = "ok"
    NOTE = "note"  # works; can be better
    UNCLEAR = "unclear"  # DNS gave no clear answer, or only the provider's console knows
    MISSING = "missing"
    WRONG = "wrong"


FAULTS = frozenset({Verdict.MISSING, Verdict.WRONG})
_ORDER = tuple(Verdict)


class Purpose(StrEnum):
    """What a record is for."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    MX = "mx"
    RETURN_PATH = "return-path"
    TLS_REPORTS = "tls-reports"


@dataclass(frozen=True, slots=True)
class Record:
    """A record to publish, names in A-labels without a last dot; `value` is "" where only the provider knows it."""

    name: str
    type: str
    value: str
    purpose: Purpose

    @property
    def is_publishable(self) -> bool:
        """Whether the value is known whole: in a CNAME's, * and ? stand for what only the provider's console shows."""
        return bool(self.value) and not (self.type == "CNAME" and {"*", "?"} & set(self.value))


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say of a record. `code` is stable, for programs; `words` are for people."""

    verdict: Verdict
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A record as it should be, beside what DNS holds. `change` is what to do about it, "" for nothing.

    `servers` are those whose mail needs it; () for what the domain needs, whoever sends.
    """

    record: Record
    found: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    change: str = ""
    is_authenticated: bool = field(default=False)
    servers: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return worst([remark.verdict for remark in self.remarks])

    @property
    def words(self) -> str:
        return " ".join(remark.words for remark in self.remarks)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(remark.code for remark in self.remarks)

    @property
    def holds(self) -> bool:
        """Whether receivers can use what is there."""
        return self.verdict in (Verdict.OK, Verdict.NOTE)


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """A fault that is certain outweighs what is unclear."""
    return max(verdicts, key=_ORDER.index, default=Verdict.OK)
