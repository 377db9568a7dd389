"""Which priorities put the servers into an order that a person chose?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from postroom.policy.routing import Server, rank


class Move(NamedTuple):
    """One server by its key, up (-1) or down (+1) by one place."""

    key: int | str
    step: int


def moved(servers: Sequence[Server], move: Move) -> list[Server]:
    """The servers in their order by `rank`, after the move; at the end of the list nothing moves."""
    ordered = sorted(servers, key=rank)
    here = next(place for place, server in enumerate(ordered) if server.key == move.key)
    there = min(max(here + move.step, 0), len(ordered) - 1)
    ordered.insert(there, ordered.pop(here))
    return ordered


def priorities(wanted: Sequence[Server]) -> dict[int | str, int]:
    """The priority of each server, by its key, with which `rank` gives the wanted order.

    The values that were there are kept where that does; a server of equal priority that would come first by its name
    gets the next value.
    """
    found: dict[int | str, int] = {}
    last: Server | None = None
    for server, priority in zip(wanted, sorted(server.priority for server in wanted), strict=True):
        least = priority if last is None else max(priority, last.priority)
        candidate = replace(server, priority=least)
        if last is not None and rank(candidate) < rank(last):
            candidate = replace(server, priority=least + 1)
        found[server.key] = candidate.priority
        last = candidate
    return found
