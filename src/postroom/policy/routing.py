"""Through which server, under which From and with which return path does a message leave?

The criteria are tried in order until one finds a server (docs/routing.md tells it with examples):

0. `personal_server`, only where there are personal servers: that of the author themselves. No other criterion finds it:
   it serves nobody else.
1. `filter_address`, `filter_domain`: the first server whose FROM filter holds the author's address, else its domain.
2. `notification_server`, only with the policy *prefer-notification-server*: the first server whose filter holds the
   notification address, else its domain.
3. `no_filter`: the first server without a FROM filter.
4. `first_server`: the first server.
5. `default_server`: the installation's, with the parameter mail.default.from_filter as its filter.

A forced server (`forced_server`) takes the place of the search. Then `keep_from`: the From is kept exactly if the
chosen server's filter holds it, or the default server's filter is empty; otherwise the notification address replaces
it. A complete Default From Alias (`complete_default_from`) replaces it before everything else; `empty_from` stands
there when the system itself speaks. Last, `bounce_address`: may the server send for it? A hosted platform's own server
always returns errors to the platform (`platform_bounce`). "First" is the lowest priority value, then the name as people
sort it, then the key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from unicodedata import combining, normalize

from postroom.errors import MissingFromError, UnknownServerError
from postroom.policy.from_filter import FromFilter, parse_from_filter
from postroom.policy.identity import AliasDomain, Identity, Speaker, find_identity
from postroom.rfc.address import Mailbox

__all__ = ["AliasDomain", "Decision", "Policy", "Route", "RoutingTable", "Server", "Step", "compile_table", "rank"]


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
    is_personal: bool = False
    """A person's own mailbox: `from_filter` is their address, and no other mail may leave through it."""
    is_platform: bool = False
    """It stands for the installation's default server."""


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


class Route(NamedTuple):
    """One way out: a server (None: the default server) with its filter, and how a sentence about either begins."""

    server: Server | None
    from_filter: FromFilter
    name: str
    filter_name: str

    @property
    def is_platform(self) -> bool:
        return self.server is None or self.server.is_platform

    def keeps(self, author: Speaker) -> bool:
        return self.from_filter.holds_key(author.key) or (self.server is None and self.from_filter.is_empty)

    def may_send_for(self, speaker: Speaker) -> bool:
        return self.from_filter.is_empty or self.from_filter.holds_key(speaker.key)


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """One workspace's servers, made ready by `compile_table` so that deciding scans none of them."""

    prefers_notification: bool
    routes: dict[int | str, Route]  # archived servers too: a forced one is named in the refusal
    personal: dict[str, Route]  # by their owner's address
    by_address: dict[str, Route]
    by_domain: dict[str, Route]
    fallback: Route
    fallback_steps: tuple[Step, ...]
    faults: tuple[str, ...]

    def decide(
        self,
        from_: Mailbox | None,
        *,
        alias_domain: AliasDomain | None,
        platform_from: Mailbox | None,
        forced: int | str | None = None,
        platform_bounce: Mailbox | None = None,
    ) -> Decision:
        """The decision for one author; `from_` None means that the system itself speaks.

        `platform_from` is the notification and bounce address where the alias domain gives none; `forced` is the key
        of the server that a template, a campaign or the Dedicated Server setting names; `platform_bounce` is where
        errors of all that leaves through the platform's own server must go, None where it is treated as any other.
        Raises UnknownServerError, MissingFromError, and AddressError for an alias domain that makes no address.
        """
        identity = find_identity(alias_domain, platform_from)
        steps: list[Step] = []
        author = _find_author(from_, identity, steps)
        route = self._search(author, identity, steps) if forced is None else self._force(forced, steps)
        header_from = _find_header_from(route, author, identity, steps)
        if platform_bounce and route.is_platform:
            return_path, bounce_warnings = _return_to_platform(platform_bounce, steps)
        else:
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

    def senders_for(self, domain: str) -> set[int | str]:
        """The keys of the servers that some mail in the name of `domain` may take, where a company speaks under it.

        Those whose filter names it or is empty; and the one that authors whom no filter holds share, since their From
        is replaced by the notification address.
        """
        active = [route for route in self.routes.values() if route.server and route.server.active]
        naming = {route.server.key for route in active if route.server and route.from_filter.names(domain)}
        others = {route.server.key for route in active if route.server and route.from_filter.is_empty}
        if self.fallback.server and not (naming and self.prefers_notification):
            others.add(self.fallback.server.key)
        return naming | others

    def _search(self, author: Speaker, identity: Identity, steps: list[Step]) -> Route:
        if self.personal:
            route = self.personal.get(author.key)
            steps.append(_try_personal(route, author.text))
            if route is not None:
                return route
        route = self.by_address.get(author.key)
        steps.append(_try_filters("filter_address", route, author.text))
        if route is None:
            route = self.by_domain.get(author.mailbox.domain)
            steps.append(_try_filters("filter_domain", route, author.text.rpartition("@")[2]))
        notification = identity.notification
        if route is None and self.prefers_notification and notification:
            route = self.by_address.get(notification.key) or self.by_domain.get(notification.mailbox.domain)
            steps.append(_try_filters("notification_server", route, f"the notification address {notification.text}"))
        if route is None:
            route = self.fallback
            steps += self.fallback_steps
        return route

    def _force(self, key: int | str, steps: list[Step]) -> Route:
        route = self.routes.get(key)
        if route is None:
            raise UnknownServerError(f"There is no outgoing server “{key}”; {_CHOOSE_ANOTHER}", server=key)
        if route.server and not route.server.active:
            raise UnknownServerError(f"{route.name} is archived; restore it, or {_CHOOSE_ANOTHER}", server=key)
        if route.server and route.server.is_personal:
            raise UnknownServerError(f"{route.name} is a person's own mailbox; {_CHOOSE_ANOTHER}", server=key)
        steps.append(Step("forced_server", True, f"The message is bound to {route.name}."))
        return route


_NO_COMPLETE_DEFAULT_FROM = Step(
    "complete_default_from",
    False,
    "The Default From Alias is not a complete address, so it does not replace every From.",
)
_CHOOSE_ANOTHER = "choose another server in the template, the campaign or the Dedicated Server setting."


def compile_table(servers: Iterable[Server], *, policy: Policy, default_from_filter: str | None) -> RoutingTable:
    """Sorts and indexes the servers, archived ones included; their order does not matter.

    `default_from_filter` is the parameter mail.default.from_filter; it counts only where no server is active.
    """
    ranked = sorted(servers, key=rank)
    active = [_make_route(server) for server in ranked if server.active and not server.is_personal]
    personal = [_make_route(server) for server in ranked if server.active and server.is_personal]
    archived = [_make_route(server) for server in ranked if not server.active]
    default = Route(
        None, parse_from_filter(default_from_filter), "The default server", "The parameter mail.default.from_filter"
    )
    fallback, fallback_steps = _find_fallback(active, default)
    last_to_first = active[::-1]  # so that the first server is what remains in each dictionary
    return RoutingTable(
        prefers_notification=policy == Policy.PREFER_NOTIFICATION_SERVER,
        routes={route.server.key: route for route in archived + personal + last_to_first if route.server},
        personal={address: route for route in personal[::-1] for address in route.from_filter.addresses},
        by_address={address: route for route in last_to_first for address in route.from_filter.addresses},
        by_domain={domain: route for route in last_to_first for domain in route.from_filter.domains},
        fallback=fallback,
        fallback_steps=fallback_steps,
        faults=tuple(
            f"{route.filter_name}: {fault}" for route in active or [default] for fault in route.from_filter.faults
        ),
    )


def rank(server: Server) -> tuple[int, str, str, int | str]:
    """Priority, then the name as people sort it: É beside E, whatever the case; accents decide between equals."""
    folded = normalize("NFKD", server.name).casefold()
    letters = "".join(character for character in folded if not combining(character))
    return server.priority, letters, folded, server.key


def _make_route(server: Server) -> Route:
    return Route(server, parse_from_filter(server.from_filter), server.name, f"{server.name}'s FROM filter")


def _find_fallback(active: list[Route], default: Route) -> tuple[Route, tuple[Step, ...]]:
    """The route when no filter holds the address in question: the same for every message, so found only once."""
    for route in active:
        if route.from_filter.is_empty:
            return route, (Step("no_filter", True, f"{route.name} has no FROM filter."),)
    no_filter = Step("no_filter", False, "No server is without a FROM filter.")
    if active:
        return active[0], (no_filter, Step("first_server", True, f"{active[0].name} is the first server."))
    first_server = Step("first_server", False, "No outgoing server is active.")
    return default, (no_filter, first_server, Step("default_server", True, "The default server sends."))


def _find_author(from_: Mailbox | None, identity: Identity, steps: list[Step]) -> Speaker:
    """The From before a server is chosen: the notification address for the system, or for all (B3)."""
    notification = identity.notification
    if from_ is None:
        if notification is None:
            raise MissingFromError(field="from")
        why = f"The message has no From, so the system speaks as {notification.text}."
        steps.append(Step("empty_from", True, why))
        return notification
    author = Speaker.of(from_)
    if notification is None or not identity.overrides_from:
        steps.append(_NO_COMPLETE_DEFAULT_FROM)
        return author
    why = f"The Default From Alias is the complete address {notification.text}, which replaces every From."
    steps.append(Step("complete_default_from", True, why))
    return notification.in_place_of(author)


def _try_personal(route: Route | None, address: str) -> Step:
    if route is None:
        return Step("personal_server", False, f"Nobody has connected the mailbox {address}.")
    return Step("personal_server", True, f"{route.name} is the mailbox {address} itself.")


def _try_filters(criterion: str, route: Route | None, what: str) -> Step:
    if route is None:
        return Step(criterion, False, f"No server's FROM filter holds {what}.")
    return Step(criterion, True, f"{route.filter_name} holds {what}.")


def _find_header_from(route: Route, author: Speaker, identity: Identity, steps: list[Step]) -> Speaker:
    """The author as long as the server may send for it, otherwise the notification address under the author's name."""
    keeps = route.keeps(author)
    if route.from_filter.is_empty:
        reason = f"{route.filter_name} is empty"
    else:
        reason = f"{route.filter_name} {'holds' if keeps else 'does not hold'} {author.text} or its domain"
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
    route: Route, header_from: Speaker, identity: Identity, steps: list[Step]
) -> tuple[str, tuple[str, ...]]:
    """The bounce address where the server may send for it, otherwise the From, with a warning (D6)."""
    bounce = identity.bounce
    if bounce and route.may_send_for(bounce):
        why = f"{route.name} may send for {bounce.text}, where delivery errors go."
        steps.append(Step("bounce_address", True, why))
        return bounce.address, ()
    why, cure = "There is no bounce address", "set an alias domain with a Bounce Alias"
    if bounce:
        why = f"{route.filter_name} does not hold {bounce.text}"
        cure = f"add {bounce.text.rpartition('@')[2]} to it if the provider allows that"
    steps.append(Step("bounce_address", False, f"{why}."))
    warning = f"Delivery errors will not come back: they go to {header_from.text}. {why}; {cure}."
    return header_from.address, (warning,)


def _return_to_platform(bounce: Mailbox, steps: list[Step]) -> tuple[str, tuple[str, ...]]:
    why = f"Whatever leaves through the platform's server returns to {bounce.address}."
    steps.append(Step("bounce_address", True, why))
    return bounce.address, ()


def _warn_of_from(route: Route, header_from: Speaker, identity: Identity) -> tuple[str, ...]:
    if identity.notification is None and not route.keeps(header_from):
        return (
            f"{route.name} may not be allowed to send for the author's own address {header_from.text}, which is used "
            "because there is no notification address; set an alias domain.",
        )
    if not route.may_send_for(header_from):
        return (
            f"{route.filter_name} does not hold the From {header_from.text}, so the provider may refuse the message; "
            "add it to the filter.",
        )
    return ()
