"""Is what several threads want at once done together, and does each hear of its own?"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from postroom.combining import Combined
from tests.peers.waiting import PATIENCE_SECONDS


class Work:
    """Doubles numbers, the first time only when let go on; refuses 13 as its own fault and 503 as nobody's."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.begun, self.go_on = Event(), Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(list(numbers))
        self.begun.set()
        assert self.go_on.wait(PATIENCE_SECONDS)
        if 13 in numbers:
            raise ValueError("13")
        if 503 in numbers:
            raise OSError("503")
        return [2 * number for number in numbers]


def ask(work: Work, first: int, *others: int) -> list[int | BaseException]:
    """What each heard; the others came while the first was worked on."""
    combined = Combined(work, divisible=(ValueError,))
    with ThreadPoolExecutor(1 + len(others)) as threads:
        asked = [threads.submit(combined, first)]
        assert work.begun.wait(PATIENCE_SECONDS)
        asked += [threads.submit(combined, number) for number in others]
        while len(combined._waiting) < len(others):
            pass
        work.go_on.set()
        return [one.exception() or one.result() for one in asked]


def test_one_alone_is_done_at_once() -> None:
    work = Work()
    work.go_on.set()
    assert Combined(work)(4) == 8
    assert work.calls == [[4]]


def test_what_comes_meanwhile_is_done_together_and_each_hears_of_its_own() -> None:
    work = Work()
    assert ask(work, 1, 2, 3, 4) == [2, 4, 6, 8]
    assert [len(numbers) for numbers in work.calls] == [1, 3]


def test_a_fault_of_one_does_not_harm_those_beside_it() -> None:
    first, *others = ask(Work(), 1, 2, 13, 3)
    assert [one for one in others if not isinstance(one, BaseException)] == [4, 6]
    assert isinstance(others[1], ValueError)
    assert first == 2


def test_a_fault_of_nobody_is_heard_by_all_and_nothing_is_tried_again() -> None:
    work = Work()
    _, *others = ask(work, 1, 2, 503, 3)
    assert [type(one) for one in others] == [OSError] * 3
    assert len(work.calls) == 2


def test_work_goes_on_after_a_fault() -> None:
    work = Work()
    work.go_on.set()
    combined = Combined(work)
    with pytest.raises(OSError, match="503"):
        combined(503)
    assert combined(1) == 2
