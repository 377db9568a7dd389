"""How a list's filters look in its address and on the page."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice of a filter; `count` is None where counting would cost too much."""

    label: str
    url: str
    is_on: bool
    icon: str = ""
    count: int | None = None


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
