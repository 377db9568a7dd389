"""Through which server and under which From a workspace's mail leaves: policy.routing fed from the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from postroom.domains import senders
from postroom.domains.models import DkimKey
from postroom.outbound.models import Stream
from postroom.policy.alignment import dmarc_alignment
from postroom.policy.dns.facts import SignedBy
from postroom.policy.identity import AliasDomain
from postroom.policy.routing import Decision, RoutingTable
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailbox
from postroom.servers import selection
from postroom.servers.endpoints import DEFAULT_SERVER_NAME
from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Company, Workspace

# The columns of Message that `columns` fills.
COLUMNS = ("header_from", "from_rewritten", "return_path", "reply_to", "trace", "routed_version")


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A decision, and the columns of Message that keep it."""

    decision: Decision
    columns: Mapping[str, Any]

    @property
    def server_id(self) -> int | None:
        """The chosen OutgoingServer's key; None is the default server."""
        return server_id(self.decision)


def find_route(
    author: Mailbox | None,
    *,
    company: Company,
    stream: str = Stream.TRANSACTIONAL,
    forced_server: int | None = None,
    is_automatic: bool = False,
) -> Route:
    """As `decide` and `columns`. The same question gets the same object, until the workspace's settings change."""
    return _find_route(author, company, company.workspace.routing_version, stream, forced_server, is_automatic)


def decide(
    author: Mailbox | None,
    *,
    company: Company,
    stream: str = Stream.TRANSACTIONAL,
    forced_server: int | None = None,
    without: frozenset[int] = frozenset(),
) -> Decision:
    """The decision for mail of `author` (None: the system speaks), as if the servers `without` were archived.

    PostroomError when a forced server is unusable.
    """
    table = selection.routing_table(company.workspace, without=without)
    return ask(table, author, company=company, stream=stream, forced_server=forced_server)


def ask(
    table: RoutingTable,
    author: Mailbox | None,
    *,
    company: Company,
    stream: str = Stream.TRANSACTIONAL,
    forced_server: int | None = None,
) -> Decision:
    """As `decide`, with another table of servers than the workspace's: “what if”."""
    workspace = company.workspace
    if forced_server is None and stream == Stream.MASS:
        forced_server = dedicated_server(workspace)
    alias_domain, platform = speaks_as(company)
    return table.decide(
        author,
        alias_domain=alias_domain,
        platform_from=platform,
        forced=forced_server,
        platform_bounce=senders.platform_bounce(workspace),
    )


def speaks_as(company: Company) -> tuple[AliasDomain, Mailbox]:
    """The company's alias domain, and the address that stands in where that has none."""
    workspace = company.workspace
    alias_domain = _alias_domain(company.pk, workspace.routing_version)
    return alias_domain, parse_mailbox(f"notifications@{workspace.subdomain}")


def columns(workspace: Workspace, decision: Decision, *, is_automatic: bool = False) -> dict[str, Any]:
    """The decision as columns of Message; nothing comes back from automatic mail (RFC 5321 §4.5.5)."""
    if is_automatic:
        decision = decision._replace(return_path="")
    return {
        "header_from": format_mailbox(decision.from_),
        "from_rewritten": decision.from_rewritten,
        "return_path": decision.return_path,
        "reply_to": decision.reply_to or "",
        "trace": trace(workspace, decision),
        "routed_version": workspace.routing_version,
    }


def trace(workspace: Workspace, decision: Decision) -> dict[str, Any]:
    """The decision as it is kept beside the message and shown to people (requirement D7)."""
    domain = decision.from_.domain
    alignment = dmarc_alignment(
        domain,
        return_path_domain=decision.return_path.rpartition("@")[2],
        dkim_domains=[domain] if _is_signed(domain, workspace, decision) else [],
    )
    return {
        "server": server_name(decision),
        "steps": [{"criterion": s.criterion, "matched": s.matched, "why": s.why} for s in decision.steps],
        "warnings": list(decision.warnings),
        "dmarc": {"spf": alignment.spf_aligned, "dkim": alignment.dkim_aligned, "why": alignment.sentence},
    }


def domain_of(company: Company) -> str:
    """The domain in whose name the company's own identifiers are made."""
    return _alias_domain(company.pk, company.workspace.routing_version).name


def dedicated_server(workspace: Workspace) -> int | None:
    """The key of the server that mass mail takes, or None."""
    return _dedicated_server(workspace.pk, workspace.routing_version)


def server_id(decision: Decision) -> int | None:
    """The chosen OutgoingServer's key; None is the default server."""
    return None if decision.server is None else int(decision.server.key)


def server_name(decision: Decision) -> str:
    return DEFAULT_SERVER_NAME if decision.server is None else decision.server.name


def _is_signed(domain: str, workspace: Workspace, decision: Decision) -> bool:
    """By us where there is a key, or by the provider where the server leaves that to it alone."""
    version = workspace.routing_version
    if server_id(decision) in _signed_by_provider(workspace.pk, version):
        return True
    return domain in signing_domains(workspace.pk, version)


# The caches are keyed by the workspace's routing version: database triggers raise it with every change they depend on.
@lru_cache(maxsize=4096)
def _find_route(author: Mailbox | None, company: Company, _version: int, *how: Any) -> Route:
    stream, forced_server, is_automatic = how
    decision = decide(author, company=company, stream=stream, forced_server=forced_server)
    return Route(decision, columns(company.workspace, decision, is_automatic=is_automatic))


@lru_cache(maxsize=4096)
def _alias_domain(company_id: int, _version: int) -> AliasDomain:
    return senders.alias_domain_of(Company.objects.select_related("workspace").get(pk=company_id))


@lru_cache(maxsize=1024)
def _dedicated_server(workspace_id: int, _version: int) -> int | None:
    return selection.dedicated_server(Workspace.objects.get(pk=workspace_id))


@lru_cache(maxsize=1024)
def signing_domains(workspace_id: int, _version: int) -> frozenset[str]:
    keys = DkimKey.objects.filter(workspace_id=workspace_id, is_active=True)
    return frozenset(keys.values_list("domain", flat=True))


@lru_cache(maxsize=1024)
def _signed_by_provider(workspace_id: int, _version: int) -> frozenset[int]:
    servers = OutgoingServer.objects.filter(workspace_id=workspace_id, signed_by=SignedBy.PROVIDER)
    return frozenset(servers.values_list("pk", flat=True))
