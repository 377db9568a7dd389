"""Where in a dialog, in which direction and how can the network fail?"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Point(StrEnum):
    """A place in the dialog between worker and server."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    HANDSHAKE = "TLS handshake"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "mid-body"
    END = "end of the message"  # the final dot, or the last octet of BDAT
    QUIT = "QUIT"


class Way(StrEnum):
    """Which direction fails."""

    THERE = "there"  # what the client says at this point does not arrive
    BACK = "back"  # the server has heard and obeyed it, its answer does not arrive


class Kind(StrEnum):
    """How it fails."""

    DROP = "drop"  # nothing arrives any more in this direction, nothing tells
    STALL = "stall"  # late
    RESET = "reset"  # both sides get an RST


@dataclass(frozen=True, slots=True)
class Cut:
    point: Point
    way: Way
    kind: Kind

    def __str__(self) -> str:
        return f"{self.kind} {self.way} at {self.point}"


ONE_WAY = {Point.CONNECT: Way.THERE, Point.GREETING: Way.BACK, Point.BODY: Way.THERE}
OF_TLS = (Point.CONNECT, Point.GREETING, Point.EHLO, Point.STARTTLS, Point.HANDSHAKE)  # what follows cannot be seen
OF_MESSAGE = (Point.MAIL, Point.RCPT, Point.DATA, Point.BODY, Point.END)  # passed all the time, not once a connection
IN_CLEAR = tuple(point for point in Point if point not in (Point.STARTTLS, Point.HANDSHAKE))


def all_cuts() -> list[Cut]:
    """Every failure at every point."""
    return [Cut(point, way, kind) for point in Point for way in Way for kind in Kind if _is_possible(point, way)]


def choose_cuts(chance: Random, count: int) -> list[Cut]:
    """So many different failures at each point, as far as there are."""
    by_point = [[cut for cut in all_cuts() if cut.point is point] for point in Point]
    return [cut for cuts in by_point for cut in chance.sample(cuts, min(count, len(cuts)))]


def share_out(cuts: Sequence[Cut], visible: Sequence[Collection[Point]], chance: Random) -> list[list[Cut]]:
    """The cuts, each given to one of several links on which its point can be seen; in no order."""
    shares: list[list[Cut]] = [[] for _ in visible]
    for cut in chance.sample(cuts, len(cuts)):
        chance.choice(list(_links(cut.point, visible, shares))).append(cut)
    return shares


def _links(point: Point, visible: Sequence[Collection[Point]], shares: Sequence[list[Cut]]) -> Iterator[list[Cut]]:
    return (share for points, share in zip(visible, shares, strict=True) if point in points)


def _is_possible(point: Point, way: Way) -> bool:
    return ONE_WAY.get(point, way) is way
