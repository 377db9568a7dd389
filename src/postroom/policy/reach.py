"""Which mail reaches each server, and what stands in the way of the rest?

A server may be correct and still never be asked: another one that comes first holds the same address or domain, or
has no FROM filter either, or nobody sends as what its filter names.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from postroom.policy.routing import Route, RoutingTable


class Obstacle(StrEnum):
    """Why a server, or an entry of its filter, gets no mail."""

    TAKEN = "taken"  # another server that comes first holds the entry too
    BEHIND = "behind"  # it has no filter, and neither has a server that comes first
    MALFORMED = "malformed"  # the entry is neither a domain nor an address
    NO_SENDER = "no_sender"  # nobody who is known to send leads to it


@dataclass(frozen=True, slots=True)
class Remark:
    """One obstacle: to which `entry` of the filter ("": all of it), because of which `other` server ("": none)."""

    obstacle: Obstacle
    entry: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """What reaches one server. `never_chosen`: no mail of those who are known to send does."""

    never_chosen: bool
    remarks: tuple[Remark, ...]


def reaches(table: RoutingTable, *, chosen: Collection[int | str]) -> dict[int | str, Reach]:
    """The reach of every active server by its key; `chosen` are those to which a known sender leads."""
    active = [key for key, route in table.routes.items() if route.server and route.server.active]
    return {key: _reach(table, key, is_chosen=key in chosen) for key in active}


def _reach(table: RoutingTable, key: int | str, *, is_chosen: bool) -> Reach:
    own = table.routes[key]
    remarks = [Remark(Obstacle.MALFORMED, entry) for entry in own.from_filter.malformed]
    winners = _winners(table, own)
    taken = {entry: winner.name for entry, winner in sorted(winners.items()) if winner is not own}
    remarks += [Remark(Obstacle.TAKEN, entry, other) for entry, other in taken.items()]
    is_first = table.fallback is own
    if own.from_filter.is_empty and not is_first and not _is_personal(own):
        remarks.append(Remark(Obstacle.BEHIND, other=table.fallback.name))
    if not is_chosen and (is_first or len(taken) < len(winners)):
        remarks.append(Remark(Obstacle.NO_SENDER))
    return Reach(not is_chosen, tuple(remarks))


def _winners(table: RoutingTable, own: Route) -> dict[str, Route]:
    """The server that each entry of the filter leads to; personal servers compete among themselves alone."""
    if _is_personal(own):
        return {entry: table.personal[entry] for entry in own.from_filter.addresses}
    winners = {entry: table.by_address[entry] for entry in own.from_filter.addresses}
    return winners | {entry: table.by_domain[entry] for entry in own.from_filter.domains}


def _is_personal(route: Route) -> bool:
    return route.server is not None and route.server.is_personal
