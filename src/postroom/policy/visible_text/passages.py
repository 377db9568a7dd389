"""Which runs of lines are the author's, and which are quoted, with the line that introduces them?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from postroom.policy.visible_text.attributions import ends_like_attribution, find_attribution
from postroom.policy.visible_text.line import ATTRIBUTION, QUOTE, Line

# A line that a program broke while quoting lost its mark; the rest of it is no longer than this.
_MAX_BROKEN_OFF = 40


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines one after the other; `is_introduced`: an attribution says that they are quoted, or the client's markup."""

    lines: Sequence[Line]
    is_quoted: bool
    is_introduced: bool = False


def divide(lines: Sequence[Line]) -> list[Passage]:
    """The lines as passages, alternately the author's and quoted; empty lines within a quotation belong to it."""
    attributions = {index for start in _quotation_starts(lines) for index in _introduction(lines, start)}
    quoted = [line.depth > 0 or line.mark == ATTRIBUTION or index in attributions for index, line in enumerate(lines)]
    _join_broken(lines, quoted)
    return list(_passages(lines, quoted, attributions))


def _quotation_starts(lines: Sequence[Line]) -> Iterator[int]:
    """The indices of quoted lines that have a line of the author before them."""
    previous = 0
    for index, line in enumerate(lines):
        if not line.is_blank or line.depth:
            if line.depth and not previous:
                yield index
            previous = line.depth


def _introduction(lines: Sequence[Line], start: int) -> range:
    """The lines of the attribution above the quotation that starts there, with the empty lines after them."""
    last = start - 1
    while last >= 0 and lines[last].is_blank:
        last -= 1
    if last < 0:
        return range(0)
    first = find_attribution(lines, last)
    if first is None and ends_like_attribution(lines[last].words):
        first = last
    return range(0) if first is None else range(first, start)


def _join_broken(lines: Sequence[Line], quoted: list[bool]) -> None:
    """Mark what stands alone between two lines of a quotation: empty lines, and the end of a line that was broken."""
    for index in range(1, len(lines) - 1):
        is_between = quoted[index - 1] and lines[index + 1].depth > 0
        if is_between and not lines[index - 1].is_blank and 0 < len(lines[index].words) <= _MAX_BROKEN_OFF:
            quoted[index] = quoted[index] or len(lines[index - 1].text) > _MAX_BROKEN_OFF


def _passages(lines: Sequence[Line], quoted: Sequence[bool], attributions: set[int]) -> Iterator[Passage]:
    kinds = _spread_over_blanks(lines, quoted)
    for is_quoted, numbers in groupby(range(len(lines)), key=lambda index: kinds[index]):
        run = list(numbers)
        is_introduced = any(index in attributions or lines[index].mark in (ATTRIBUTION, QUOTE) for index in run)
        yield Passage([lines[index] for index in run], is_quoted, is_quoted and is_introduced)


def _spread_over_blanks(lines: Sequence[Line], quoted: Sequence[bool]) -> list[bool]:
    """An empty line is of the kind of the next line that is not, so that a quotation is not divided by it."""
    kinds = list(quoted)
    following = False
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].is_blank and not quoted[index]:
            kinds[index] = following
        else:
            following = kinds[index]
    return kinds
