"""How a list's filters look in its address and on the page."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice of a filter; `count` is empty where counting would cost too much."""

    label: str
    url: str
    is_on: bool
    icon: str = ""
    count: str = ""


def chips(request: HttpRequest, parameter: str, choices: Iterable[tuple[str, Promise | str, str]]) -> list[Chip]:
    """A chip for each choice (value, label, icon); "" as value is the choice that does not filter.

    Other filters of the address stay, the page goes back to the first.
    """
    current = request.GET.get(parameter, "")
    found = []
    for value, label, icon in choices:
        query = request.GET.copy()
        query.pop("before", None)
        query.pop(parameter, None)
        if value:
            query[parameter] = value
        found.append(Chip(str(label), f"{request.path}?{query.urlencode()}".rstrip("?"), value == current, icon))
    return found


def with_counts(found: Iterable[Chip], counts: Iterable[int | None], *, most: int) -> list[Chip]:
    """The chips with how many there are of each: None or nothing is not told, and no more than `most` are counted."""
    words = (f"{count}+" if count == most else str(count or "") for count in counts)
    return [replace(chip, count=word) for chip, word in zip(found, words, strict=True)]
