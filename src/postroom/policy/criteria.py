"""What did each criterion of routing find at each server: the decision as a table, servers as columns?

`policy.routing` decides; this is the same search laid open, so that people see why a server was passed over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from postroom.policy.from_filter import FromFilter, parse_from_filter
from postroom.policy.identity import Identity, Speaker
from postroom.policy.routing import Decision, Policy, Server, rank
from postroom.rfc.address import Mailbox, domain_to_unicode


class Standing(StrEnum):
    """What became of a criterion."""

    DECIDES = "decides"
    NOTHING = "nothing"  # no server fits
    NOT_NEEDED = "not_needed"  # the server was found before


@dataclass(frozen=True, slots=True)
class Cell:
    """One criterion at one server: does it fit, and is it the first that does, and so chosen?"""

    fits: bool
    decides: bool


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the table; `about` is the address or domain that is looked for, "" for none."""

    name: str  # as in policy.routing
    about: str
    standing: Standing
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The active servers in the order in which they are asked, and the criteria in the order in which they are tried.

    Without an active server there is one column, None: the default server.
    """

    servers: tuple[Server | None, ...]
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: the From (None: the system speaks), and the addresses of its company."""

    from_: Mailbox | None
    identity: Identity
    policy: Policy
    is_forced: bool = False

    @property
    def author(self) -> Speaker | None:
        """Whose server is looked for: the author, or the notification address in their place."""
        if self.from_ is None or self.identity.overrides_from:
            return self.identity.notification
        return Speaker.of(self.from_)


def tabulate(servers: Iterable[Server], search: Search, decision: Decision) -> Table:
    """The table of a `decision` that was made between these servers."""
    columns = tuple(sorted((server for server in servers if server.active), key=rank))
    if not columns:
        return Table((None,), (Criterion("default_server", "", Standing.DECIDES, (Cell(fits=True, decides=True),)),))
    rows = [("forced_server", "", [server == decision.server for server in columns])] if search.is_forced else []
    rows += _rows(columns, search)
    if all(server.is_personal for server in columns):  # they serve their owners alone
        rows = [(name, about, [*fits, False]) for name, about, fits in rows]
        rows.append(("default_server", "", [*(False for _ in columns), True]))
        return Table((*columns, None), tuple(_stand(rows)))
    return Table(columns, tuple(_stand(rows)))


def _stand(rows: list[tuple[str, str, list[bool]]]) -> Iterator[Criterion]:
    """The first criterion that some server fits decides."""
    is_found = False
    for name, about, fits in rows:
        decides = not is_found and any(fits)
        standing = Standing.DECIDES if decides else Standing.NOT_NEEDED if is_found else Standing.NOTHING
        first = fits.index(True) if decides else None
        cells = tuple(Cell(fit, place == first) for place, fit in enumerate(fits))
        yield Criterion(name, about, standing, cells)
        is_found = is_found or decides


def _rows(columns: tuple[Server, ...], search: Search) -> list[tuple[str, str, list[bool]]]:
    filters = [parse_from_filter(server.from_filter) for server in columns]
    author, notification = search.author, search.identity.notification
    shared = [not server.is_personal for server in columns]
    rows = []
    if author and not all(shared):
        own = [author.key in filter_.addresses for filter_ in filters]
        rows.append(("personal_server", author.text, _both(own, [not is_shared for is_shared in shared])))
    if author:
        addresses = [author.key in filter_.addresses for filter_ in filters]
        domains = [author.mailbox.domain in filter_.domains for filter_ in filters]
        rows += [
            ("filter_address", author.text, _both(addresses, shared)),
            ("filter_domain", _domain(author), _both(domains, shared)),
        ]
    if search.policy is Policy.PREFER_NOTIFICATION_SERVER and notification:
        rows.append(("notification_server", notification.text, _both(_holding(filters, notification), shared)))
    first = shared.index(True) if any(shared) else None
    return [
        *rows,
        ("no_filter", "", _both([filter_.is_empty for filter_ in filters], shared)),
        ("first_server", "", [place == first for place, _ in enumerate(columns)]),
    ]


def _both(these: list[bool], those: list[bool]) -> list[bool]:
    return [this and that for this, that in zip(these, those, strict=True)]


def _holding(filters: list[FromFilter], speaker: Speaker) -> list[bool]:
    """Those that hold the address; where none does, those that hold its domain."""
    by_address = [speaker.key in filter_.addresses for filter_ in filters]
    return by_address if any(by_address) else [speaker.mailbox.domain in filter_.domains for filter_ in filters]


def _domain(speaker: Speaker) -> str:
    return domain_to_unicode(speaker.mailbox.domain)
