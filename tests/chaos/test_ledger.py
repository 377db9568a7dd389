"""Is every broken promise seen in the ledgers, and nothing else called one?"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from postroom.chaos.ledger import Copy, Findings, Ledgers, Row, judge

JOE, ANN = "joe@customer.example.com", "ann@customer.example.com"
EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def at(minute: int) -> datetime:
    return EIGHT + timedelta(minutes=minute)


def row(
    recipient: str = JOE,
    status: str = "sent",
    *,
    stream: str = "transactional",
    unknown: Sequence[int] = (),
    is_answered_late: bool = False,
) -> Row:
    return Row("<1@company-0.example>", recipient, stream, status, tuple(map(at, unknown)), is_answered_late)


def copies(*minutes: int, recipient: str = JOE, message_id: str = "<1@company-0.example>") -> list[Copy]:
    return [Copy(message_id, recipient, at(minute)) for minute in minutes]


def findings(
    rows: Sequence[Row], taken: Sequence[Copy], *, promised: Sequence[str] = (JOE,), doubtful: Sequence[str] = ()
) -> Findings:
    return judge(
        Ledgers(promised=frozenset(promised), doubtful=frozenset(doubtful), copies=taken, rows=rows, connections_cut=1)
    )


@pytest.mark.parametrize(
    ("rows", "taken"),
    [
        ([row()], copies(0)),
        ([row(unknown=[1])], copies(0, 2)),  # sent again after it was listed
        ([row(unknown=[1])], copies(2)),  # it had not arrived
        ([row(unknown=[1])], copies(2, 3)),  # a frozen worker went on after the resending
        ([row(status="held", stream="mass", unknown=[1])], copies(0)),
        ([row(status="held", stream="mass", unknown=[1])], []),
        ([row(status="held", unknown=[1, 3, 5])], copies(0)),
        ([row(stream="mass", unknown=[1], is_answered_late=True)], copies(0)),
    ],
)
def test_what_the_policies_allow_is_no_breach(rows: list[Row], taken: list[Copy]) -> None:
    assert findings(rows, taken).broken == []


@pytest.mark.parametrize(
    ("rows", "taken", "sentence"),
    [
        ([], [], f"{JOE} was promised and is not in the queue"),
        ([row(status="deferred")], [], f"{JOE} is deferred at the end"),
        ([row(status="held")], [], f"{JOE} is held at the end"),
        ([row()], [], f"{JOE} is called sent, and no server took it"),
        ([row()], copies(0, 1), f"{JOE} was sent again before its outcome was listed as unknown"),
        ([row(unknown=[2])], copies(0, 1), f"{JOE} was sent again before its outcome was listed as unknown"),
        ([row()], copies(0, message_id="<2@company-0.example>"),
         f"{JOE} got <2@company-0.example> instead of <1@company-0.example>"),
        ([row(stream="mass", unknown=[1])], copies(0, 2), f"{JOE} is mass mail of unknown outcome and was sent again"),
        ([row(stream="mass", unknown=[1])], copies(2), f"{JOE} is mass mail of unknown outcome and was sent again"),
        ([row(status="held", unknown=[1])], [], f"{JOE} is held after 1 unknown outcomes instead of being sent again"),
        ([row(unknown=[1, 3])], copies(0, 2, 4), "2 duplicates with 1 connections cut"),
        ([row(), row(ANN)], [*copies(0), *copies(0, recipient=ANN)], f"{ANN} is in the queue and nobody handed it in"),
        ([row()], [*copies(0), *copies(0, recipient=ANN)], f"{ANN} got mail that is not in the queue"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_named(rows: list[Row], taken: list[Copy], sentence: str) -> None:
    assert findings(rows, taken).broken == [sentence]


def test_a_submission_queued_twice_is_named() -> None:
    assert findings([row(), row()], copies(0)).broken == [f"{JOE} is in the queue 2 times"]


@pytest.mark.parametrize("rows", [[], [row(ANN)]])
def test_a_submission_without_an_answer_may_be_queued_or_not(rows: list[Row]) -> None:
    taken = copies(0, recipient=ANN) if rows else []
    assert findings(rows, taken, promised=(), doubtful=(ANN,)).broken == []


def test_recipients_who_share_a_message_are_one_duplicate() -> None:
    taken = [*copies(0, 2), *copies(0, 2, recipient=ANN)]
    found = findings([row(unknown=[1]), row(ANN, unknown=[1])], taken, promised=(JOE, ANN))
    assert (found.duplicates, found.unknown, found.broken) == (1, 2, [])
