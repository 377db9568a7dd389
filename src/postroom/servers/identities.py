"""As whom will each outgoing server really be used?

Asked of routing itself: everybody who is known to send – the system, people, templates, the addresses and domains that
FROM filters name – is routed for every company, and what comes out are the addresses that the servers must accept.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from postroom.domains.senders import alias_domains_by_company, platform_bounce
from postroom.errors import AddressError
from postroom.policy.from_filter import match_key
from postroom.policy.identity import AliasDomain
from postroom.policy.reach import Reach, reaches
from postroom.policy.routing import Decision, RoutingTable
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.servers.models import OutgoingServer
from postroom.servers.selection import dedicated_server, routing_table
from postroom.workspaces.models import Workspace

MOST_SENDERS = 50  # of people, and of templates: the picture is clear long before
MOST_IDENTITIES = 20


class Use(StrEnum):
    """What an address is for, as far as the server sees it."""

    BOUNCE = "bounce"  # the return path
    NOTIFICATION = "notification"  # stands in for a From that the server may not use
    FILTER = "filter"  # a FROM filter names it, or its domain
    TEMPLATE = "template"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody who is known to send; `server` is the one that their template is bound to, by its key."""

    mailbox: Mailbox | None  # None: the system
    use: Use
    server: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """An address that a server will be given as return path or From."""

    address: str
    uses: tuple[Use, ...]


class Picture:
    """Everybody who sends in a workspace, and through which server; read once, asked often."""

    def __init__(self, workspace: Workspace, table: RoutingTable | None = None) -> None:
        """Another `table` than the workspace's own answers “what if”."""
        self._workspace = workspace
        self._table = table or routing_table(workspace)
        self._platform_bounce = platform_bounce(workspace)
        self._platform = parse_mailbox(f"notifications@{workspace.subdomain}")

    def identities(self, server: OutgoingServer) -> list[Identity]:
        """What the server must accept. Where nobody leads to it: what it would have to, were it chosen."""
        sent = [(use, decision) for use, decision in self._decisions if _key(decision) == server.pk]
        route = self._table.routes.get(server.pk)
        if not sent and route is not None and route.server is not None and route.server.active:
            sent = list(self._decide_all(forced=server.pk))
        uses: dict[str, set[Use]] = {}
        for use, decision in sent:
            kept = Use.NOTIFICATION if decision.from_rewritten else use
            uses.setdefault(decision.from_.address, set()).add(kept)
            uses.setdefault(decision.return_path, set()).update({Use.BOUNCE} & self._uses_of(decision))
        found = [Identity(address, tuple(sorted(uses[address], key=list(Use).index))) for address in uses]
        return sorted(found, key=lambda identity: [list(Use).index(use) for use in identity.uses])[:MOST_IDENTITIES]

    def reaches(self) -> dict[int | str, Reach]:
        """What reaches each server, and what stands in the way."""
        chosen = {key for _, decision in self._decisions if (key := _key(decision)) is not None}
        return reaches(self._table, chosen=chosen)

    def _uses_of(self, decision: Decision) -> set[Use]:
        return {Use.BOUNCE} if decision.return_path != decision.from_.address else set()

    @cached_property
    def _decisions(self) -> list[tuple[Use, Decision]]:
        """Of ordinary mail, of bound templates and of mass mail."""
        found = list(self._decide_all())
        dedicated = dedicated_server(self._workspace)
        return found if dedicated is None else [*found, *self._decide_all(forced=dedicated)]

    def _decide_all(self, forced: int | None = None) -> Iterator[tuple[Use, Decision]]:
        for domain in self._alias_domains:
            for sender in self._senders:
                server = forced if forced is not None else sender.server
                yield (
                    sender.use,
                    self._table.decide(
                        sender.mailbox,
                        alias_domain=domain,
                        platform_from=self._platform,
                        forced=server,
                        platform_bounce=self._platform_bounce,
                    ),
                )

    @cached_property
    def _alias_domains(self) -> set[AliasDomain]:
        return set(alias_domains_by_company(self._workspace).values())

    @cached_property
    def _senders(self) -> list[Sender]:
        known = [Sender(None, Use.NOTIFICATION), *_templates(self._workspace), *_people(self._workspace)]
        known += [Sender(mailbox, Use.FILTER) for mailbox in self._filter_addresses()]
        domains = {sender.mailbox.domain for sender in known if sender.mailbox}
        domains |= {domain.name for domain in self._alias_domains}  # as which the system speaks
        strangers = sorted(self._table.by_domain.keys() - domains)
        return _once([*known, *(Sender(Mailbox("", "notifications", name), Use.FILTER) for name in strangers)])

    def _filter_addresses(self) -> Iterator[Mailbox]:
        yield from (mailbox for address in sorted(self._table.by_address) if (mailbox := _mailbox(address)))


def _templates(workspace: Workspace) -> Iterator[Sender]:
    """Templates live above this app; they are found by their foreign keys."""
    templates = workspace.templates.filter(server__archived_at=None).order_by("name")
    for text, server in templates.values_list("header_from", "server_id")[:MOST_SENDERS]:
        if (mailbox := _mailbox(text)) or server:
            yield Sender(mailbox, Use.TEMPLATE if mailbox else Use.NOTIFICATION, server)


def _people(workspace: Workspace) -> Iterator[Sender]:
    emails = workspace.memberships.order_by("pk").values_list("user__email", flat=True)
    yield from (Sender(mailbox, Use.PERSON) for email in emails[:MOST_SENDERS] if (mailbox := _mailbox(email)))


def _mailbox(text: str) -> Mailbox | None:
    try:
        return parse_mailbox(text) if text else None
    except AddressError:
        return None


def _once(senders: Iterable[Sender]) -> list[Sender]:
    """Each address with each bound server once, in the first use that is known."""
    found: dict[tuple[str, int | None], Sender] = {}
    for sender in senders:
        found.setdefault((match_key(sender.mailbox) if sender.mailbox else "", sender.server), sender)
    return list(found.values())


def _key(decision: Decision) -> int | None:
    return None if decision.server is None else int(decision.server.key)
