"""Were the promises kept? Three ledgers side by side: what was handed in, what the sink took, what PostgreSQL says.

never loses     what was promised (submitted, 250, 202) is queued once, and ends sent or held for a person
never guesses   nothing is `sent` that no server took; no second copy leaves before the first is listed as unknown
as agreed       what is unknown is resent (transactional) or held (mass); a thing that was unknown three times is held
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

MOST_UNKNOWN = 3  # settle_unknown.sql holds what came to nothing so often


@dataclass(frozen=True, slots=True)
class Copy:
    """A message that the sink took for one recipient, written down before it said so."""

    message_id: str
    recipient: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as PostgreSQL has it; `unknown_at`: when each of its attempts of unknown outcome was recorded.

    `is_answered_late`: an answer came after its outcome was listed as unknown, without a new try.
    """

    message_id: str
    recipient: str
    stream: str
    status: str
    unknown_at: Sequence[datetime] = ()
    is_answered_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgers:
    """Recipients tell deliveries apart: each is used once. `doubtful` are those whose submission got no answer."""

    promised: frozenset[str]
    doubtful: frozenset[str] = frozenset()
    copies: Sequence[Copy]
    rows: Sequence[Row]
    connections_cut: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What the ledgers say together; `broken` holds a sentence for each promise that was not kept."""

    sent: int
    held: int
    unknown: int
    duplicates: int
    lost: int
    broken: list[str] = field(default_factory=list)


def judge(ledgers: Ledgers) -> Findings:
    """`unknown` counts deliveries that ever were, `duplicates` messages taken again (once for all recipients)."""
    copies = _by_recipient(ledgers.copies)
    statuses = Counter(row.status for row in ledgers.rows)
    lost = [*_never_queued(ledgers), *_never_settled(ledgers.rows)]
    return Findings(
        sent=statuses["sent"],
        held=statuses["held"],
        unknown=sum(bool(row.unknown_at) for row in ledgers.rows),
        duplicates=_count_duplicates(copies),
        lost=len(lost),
        broken=[
            *lost,
            *_queued_wrongly(ledgers),
            *(why for row in ledgers.rows for why in _breaches(row, copies[row.recipient])),
            *_strangers(ledgers),
            *_too_many_duplicates(_count_duplicates(copies), ledgers.connections_cut),
        ],
    )


def _by_recipient(copies: Sequence[Copy]) -> dict[str, list[Copy]]:
    found = defaultdict[str, list[Copy]](list)
    for copy in sorted(copies, key=lambda copy: copy.taken_at):
        found[copy.recipient].append(copy)
    return found


def _count_duplicates(copies: dict[str, list[Copy]]) -> int:
    """Recipients of one message share transactions: the one with most copies counts."""
    again: dict[str, int] = defaultdict(int)
    for taken in copies.values():
        message_id = taken[0].message_id if taken else ""
        again[message_id] = max(again[message_id], len(taken) - 1)
    return sum(again.values())


def _never_queued(ledgers: Ledgers) -> Iterator[str]:
    for recipient in sorted(ledgers.promised - {row.recipient for row in ledgers.rows}):
        yield f"{recipient} was promised and is not in the queue"


def _never_settled(rows: Sequence[Row]) -> Iterator[str]:
    """Here every server takes the mail in the end: whatever is neither sent nor held for a reason got lost."""
    for row in rows:
        if row.status != "sent" and not (row.status == "held" and row.unknown_at):
            yield f"{row.recipient} is {row.status} at the end"


def _queued_wrongly(ledgers: Ledgers) -> Iterator[str]:
    for recipient, count in Counter(row.recipient for row in ledgers.rows).items():
        if count > 1:
            yield f"{recipient} is in the queue {count} times"
        elif recipient not in ledgers.promised | ledgers.doubtful:
            yield f"{recipient} is in the queue and nobody handed it in"


def _breaches(row: Row, copies: Sequence[Copy]) -> Iterator[str]:
    if row.status == "sent" and not copies:
        yield f"{row.recipient} is called sent, and no server took it"
    for known_before, copy in enumerate(copies):
        if sum(at < copy.taken_at for at in row.unknown_at) < known_before:
            yield f"{row.recipient} was sent again before its outcome was listed as unknown"
        if copy.message_id != row.message_id:
            yield f"{row.recipient} got {copy.message_id} instead of {row.message_id}"
    if not row.unknown_at:
        return
    if row.stream == "mass" and (len(copies) > 1 or (row.status == "sent" and not row.is_answered_late)):
        yield f"{row.recipient} is mass mail of unknown outcome and was sent again"
    if row.stream != "mass" and row.status == "held" and len(row.unknown_at) < MOST_UNKNOWN:
        yield f"{row.recipient} is held after {len(row.unknown_at)} unknown outcomes instead of being sent again"


def _strangers(ledgers: Ledgers) -> Iterator[str]:
    for recipient in sorted({copy.recipient for copy in ledgers.copies} - {row.recipient for row in ledgers.rows}):
        yield f"{recipient} got mail that is not in the queue"


def _too_many_duplicates(duplicates: int, connections_cut: int) -> Iterator[str]:
    if duplicates > connections_cut:
        yield f"{duplicates} duplicates with {connections_cut} connections cut"
