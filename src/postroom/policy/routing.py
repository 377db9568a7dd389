"""Through which server, under which From and with which return path does a message leave?

The criteria are tried in order until one finds a server (docs/routing.md tells it with examples):

1. `filter_address`, `filter_domain`: the first server whose FROM filter holds the author's address, else its domain.
2. `notification_server`, only with the policy *prefer-notification-server*: the first server whose filter holds the
   notification address, else its domain.
3. `no_filter`: the first server without a FROM filter.
4. `first_server`: the first server.
5. `default_server`: the installation's, with the parameter mail.default.from_filter as its filter.

A forced server (`forced_server`) takes the place of the search. Then `keep_from`: the From is kept exactly if the
chosen server's filter holds it, or the default server's filter is empty; otherwise the notification address replaces
it. A complete Default From Alias (`complete_default_from`) replaces it before everything else; `empty_from` stands
there when the system itself speaks. Last, `bounce_address`: may the server send for it? "First" is the lowest priority
value, then the name as people sort it, then the key.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from unicodedata import combining, normalize

from postroom.errors import MissingFromError, UnknownServerError
from postroom.policy.from_filter import FromFilter, parse_from_filter
from postroom.policy.identity import AliasDomain, Identity, Speaker, find_identity
from postroom.rfc.address import Mailbox

__all__ = ["AliasDomain", "Decision", "Policy", "RoutingTable", "Server", "Step", "compile_table"]


class Policy(StrEnum):
    """Whether a server for the notification address goes before a server without a filter."""

    DOCUMENTED = "documented"
    PREFER_NOTIFICATION_SERVER = "prefer-notification-server"


@dataclass(frozen=True, slots=True)
class Server:
    """An outgoing server as far as routing knows it; `key` identifies it among its workspace's servers."""

    key: int | str
    name: str
    priority: int
    from_filter: str | None
    active: bool = True


class Step(NamedTuple):
    """One criterion that was tried; `why` is a sentence for the office."""

    criterion: str
    matched: bool
    why: str


class Decision(NamedTuple):
    """How a message leaves; `server` None is the default server, `reply_to` None means no Reply-To is set."""

    server: Server | None
    from_: Mailbox
    from_rewritten: bool
    return_path: str
    reply_to: str | None
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]


class _Route(NamedTuple):
    """One way out: a server (None: the default server) with its filter, and what people call the two."""

    server: Server | None
    from_filter: FromFilter
    name: str
    filter_name: str

    def keeps(self, author: Speaker) -> bool:
        return self.from_filter.holds_key(author.key) or (self.server is None and self.from_filter.is_empty)

    def may_send_for(self, speaker: Speaker) -> bool:
        return self.from_filter.is_empty or self.from_filter.holds_key(speaker.key)


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """One workspace's servers, made ready by `compile_table` so that deciding scans none of them."""

    criteria: tuple[str, ...]
    routes: dict[int | str, _Route]  # archived servers too: a forced one is named in the refusal
    by_address: dict[str, _Route]
    by_domain: dict[str, _Route]
    without_filter: _Route | None
    first: _Route | None
    default: _Route
    faults: tuple[str, ...]

    def decide(
        self,
        from_: Mailbox | None,
        *,
        alias_domain: AliasDomain | None,
        platform_from: Mailbox | None,
        forced: int | str | None = None,
    ) -> Decision:
        """The decision for one author; `from_` None means that the system itself speaks.

        `platform_from` is the notification and bounce address where the alias domain gives none; `forced` is the key
        of the server that a template, a campaign or the Dedicated Server setting names.
        Raises UnknownServerError, MissingFromError, and AddressError for an alias domain that makes no address.
        """
        identity = find_identity(alias_domain, platform_from)
        steps: list[Step] = []
        author = _find_author(from_, identity, steps)
        route = self._search(author, identity, steps) if forced is None else self._force(forced, steps)
        header_from = _find_header_from(route, author, identity, steps)
        return_path, bounce_warnings = _find_return_path(route, header_from, identity, steps)
        return Decision(
            server=route.server,
            from_=header_from.mailbox,
            from_rewritten=from_ is not None and header_from.mailbox is not from_,
            return_path=return_path,
            reply_to=identity.catchall.address if identity.catchall else None,
            steps=tuple(steps),
            warnings=(*self.faults, *_warn_of_from(route, header_from, identity), *bounce_warnings),
        )

    def _search(self, author: Speaker, identity: Identity, steps: list[Step]) -> _Route:
        for criterion in self.criteria:
            route, why = _CRITERIA[criterion](self, author, identity)
            steps.append(Step(criterion, route is not None, why))
            if route:
                return route
        steps.append(Step("default_server", True, "No outgoing server is active, so the default server sends."))
        return self.default

    def _force(self, key: int | str, steps: list[Step]) -> _Route:
        route = self.routes.get(key)
        if route is None:
            raise UnknownServerError(f"There is no outgoing server “{key}”; {_CHOOSE_ANOTHER}", server=key)
        if route.server and not route.server.active:
            raise UnknownServerError(f"{route.name} is archived; restore it, or {_CHOOSE_ANOTHER}", server=key)
        steps.append(Step("forced_server", True, f"The message is bound to {route.name}."))
        return route


_CHOOSE_ANOTHER = "choose another server in the template, the campaign or the Dedicated Server setting."


def compile_table(servers: Iterable[Server], *, policy: Policy, default_from_filter: str | None) -> RoutingTable:
    """Sorts and indexes the servers, archived ones included; their order does not matter.

    `default_from_filter` is the parameter mail.default.from_filter; it counts only where no server is active.
    """
    ranked = sorted(servers, key=_rank)
    active = [_make_route(server) for server in ranked if server.active]
    archived = [_make_route(server) for server in ranked if not server.active]
    default = _Route(
        None, parse_from_filter(default_from_filter), "the default server", "the parameter mail.default.from_filter"
    )
    last_to_first = active[::-1]  # so that the first server is what remains in each dictionary
    return RoutingTable(
        criteria=tuple(name for name in _CRITERIA if name != "notification_server" or policy != Policy.DOCUMENTED),
        routes={route.server.key: route for route in archived + last_to_first if route.server},
        by_address={address: route for route in last_to_first for address in route.from_filter.addresses},
        by_domain={domain: route for route in last_to_first for domain in route.from_filter.domains},
        without_filter=next((route for route in active if route.from_filter.is_empty), None),
        first=active[0] if active else None,
        default=default,
        faults=tuple(
            f"{_capital(route.filter_name)}: {fault}"
            for route in active or [default]
            for fault in route.from_filter.faults
        ),
    )


def _make_route(server: Server) -> _Route:
    return _Route(server, parse_from_filter(server.from_filter), server.name, f"{server.name}'s FROM filter")


def _rank(server: Server) -> tuple[int, str, str, int | str]:
    """Priority, then the name as people sort it: É beside E, whatever the case; accents decide between equals."""
    folded = normalize("NFKD", server.name).casefold()
    letters = "".join(character for character in folded if not combining(character))
    return server.priority, letters, folded, server.key


def _find_author(from_: Mailbox | None, identity: Identity, steps: list[Step]) -> Speaker:
    """The From before a server is chosen: the notification address for the system, or for all (B3)."""
    notification = identity.notification
    if from_ is None:
        if notification is None:
            raise MissingFromError(field="from")
        why = f"The message has no From, so the system speaks as {notification.text}."
        steps.append(Step("empty_from", True, why=why))
        return notification
    author = Speaker.of(from_)
    if notification is None or not identity.overrides_from:
        why = "The Default From Alias is not a complete address, so it does not replace every From."
        steps.append(Step("complete_default_from", False, why=why))
        return author
    why = f"The Default From Alias is the complete address {notification.text}, which replaces every From."
    steps.append(Step("complete_default_from", True, why=why))
    return notification.in_place_of(author)


_Found = tuple[_Route | None, str]


def _by_address(table: RoutingTable, author: Speaker, _identity: Identity) -> _Found:
    return _found_in_filter(table.by_address.get(author.key), author.text)


def _by_domain(table: RoutingTable, author: Speaker, _identity: Identity) -> _Found:
    return _found_in_filter(table.by_domain.get(author.mailbox.domain), author.text.rpartition("@")[2])


def _for_notification(table: RoutingTable, _author: Speaker, identity: Identity) -> _Found:
    notification = identity.notification
    if notification is None:
        return None, "There is no notification address."
    route = table.by_address.get(notification.key) or table.by_domain.get(notification.mailbox.domain)
    return _found_in_filter(route, f"the notification address {notification.text}")


def _without_filter(table: RoutingTable, _author: Speaker, _identity: Identity) -> _Found:
    route = table.without_filter
    return route, f"{route.name} has no FROM filter." if route else "No server is without a FROM filter."


def _first(table: RoutingTable, _author: Speaker, _identity: Identity) -> _Found:
    route = table.first
    return route, f"{route.name} is the first server." if route else "There is no active outgoing server."


_CRITERIA: dict[str, Callable[[RoutingTable, Speaker, Identity], _Found]] = {
    "filter_address": _by_address,
    "filter_domain": _by_domain,
    "notification_server": _for_notification,
    "no_filter": _without_filter,
    "first_server": _first,
}


def _found_in_filter(route: _Route | None, what: str) -> _Found:
    return route, f"{route.filter_name} holds {what}." if route else f"No server's FROM filter holds {what}."


def _find_header_from(route: _Route, author: Speaker, identity: Identity, steps: list[Step]) -> Speaker:
    """The author as long as the server may send for it, otherwise the notification address under the author's name."""
    keeps = route.keeps(author)
    if route.from_filter.is_empty:
        reason = f"{_capital(route.filter_name)} is empty"
    else:
        reason = f"{_capital(route.filter_name)} {'holds' if keeps else 'does not hold'} {author.text} or its domain"
    notification = identity.notification
    header_from = author if keeps or notification is None else notification.in_place_of(author)
    if header_from is not author:
        outcome = f"so the notification address {header_from.text} replaces the From"
    elif keeps:
        outcome = "so the From stays"
    elif notification is None:
        outcome = "but there is no notification address, so the From stays"
    else:
        outcome = "but the From is the notification address already"
    steps.append(Step("keep_from", keeps, f"{reason}, {outcome}."))
    return header_from


def _find_return_path(
    route: _Route, header_from: Speaker, identity: Identity, steps: list[Step]
) -> tuple[str, tuple[str, ...]]:
    """The bounce address where the server may send for it, otherwise the From, with a warning (D6)."""
    bounce = identity.bounce
    if bounce and route.may_send_for(bounce):
        why = f"{_capital(route.name)} may send for {bounce.text}, where delivery errors go."
        steps.append(Step("bounce_address", True, why=why))
        return bounce.address, ()
    why = "There is no bounce address."
    cure = "set an alias domain with a Bounce Alias"
    if bounce:
        why = f"{_capital(route.filter_name)} does not hold {bounce.text}."
        cure = f"add {bounce.text.rpartition('@')[2]} to {route.filter_name} if the provider allows it"
    steps.append(Step("bounce_address", False, why=why))
    warning = f"Delivery errors will not come back: they go to {header_from.text}. {why[:-1]}; {cure}."
    return header_from.address, (warning,)


def _warn_of_from(route: _Route, header_from: Speaker, identity: Identity) -> tuple[str, ...]:
    if identity.notification is None and not route.keeps(header_from):
        return (
            f"The author's own address {header_from.text} is used though nothing says that {route.name} may send "
            "for it, because there is no notification address; set an alias domain.",
        )
    if not route.may_send_for(header_from):
        return (
            f"{_capital(route.filter_name)} does not hold the From {header_from.text}, so the provider may refuse "
            "the message; add it to the filter.",
        )
    return ()


def _capital(text: str) -> str:
    """A server's own name keeps its spelling: “amazon” is not “Amazon”."""
    return "T" + text[1:] if text.startswith("the ") else text
