"""Between which servers a workspace's mail chooses: its rows turned into a routing table."""

from dataclasses import replace
from functools import lru_cache

from django.db.models import QuerySet

from postroom.errors import UnknownServerError
from postroom.policy.routing import Policy, RoutingTable, Server, compile_table, rank
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.servers.oauth.providers import logs_in_with_oauth
from postroom.workspaces.models import Workspace
from postroom.workspaces.parameters import DEFAULT_FROM_FILTER, parameter


def routing_table(workspace: Workspace, *, without: frozenset[int] = frozenset()) -> RoutingTable:
    """The compiled table for the workspace as it was read; a newer `routing_version` compiles anew.

    The servers `without` count as archived.
    """
    return _compile(workspace.pk, workspace.routing_version, workspace.routing_policy, without)


def table_with(server: OutgoingServer) -> RoutingTable:
    """As if the server were not archived: what would take it?"""
    values = map(as_value, _rows(server.workspace))
    return compile_table(
        [replace(value, active=value.active or value.key == server.pk) for value in values],
        policy=Policy(server.workspace.routing_policy),
        default_from_filter=parameter(server.workspace, DEFAULT_FROM_FILTER),
    )


def dedicated_server(workspace: Workspace) -> int | None:
    """The key of the server that mass mail takes, or None."""
    return DedicatedServer.objects.filter(workspace=workspace).values_list("server_id", flat=True).first()


def server_named(workspace: Workspace, name: str) -> int:
    """The key of the active server of that name, in any case; UnknownServerError when there is none."""
    return _server_named(workspace.pk, workspace.routing_version, name)


def in_order(workspace: Workspace) -> list[OutgoingServer]:
    """The workspace's servers, archived ones too, in the order in which routing asks them; without their secrets."""
    return sorted(_rows(workspace), key=lambda row: rank(as_value(row)))


def _rows(workspace: Workspace) -> QuerySet[OutgoingServer]:
    """Not the passwords: decrypting them takes longer than all the rest, and a broken seal must not stop routing."""
    return OutgoingServer.objects.filter(workspace=workspace).defer("password", "client_key")


@lru_cache(maxsize=1024)
def _server_named(workspace_id: int, _version: int, name: str) -> int:
    servers = OutgoingServer.objects.filter(workspace_id=workspace_id, archived_at=None)
    found = servers.filter(name__iexact=name).values_list("pk", flat=True).first()
    if found is not None:
        return found
    known = ", ".join(f"“{other}”" for other in servers.values_list("name", flat=True)[:20])
    known = known or "none, only the default server"
    raise UnknownServerError(
        f"There is no active outgoing server “{name}”; this workspace has {known}.", field="server"
    )


@lru_cache(maxsize=1024)
def _compile(workspace_id: int, version: int, policy: str, without: frozenset[int]) -> RoutingTable:
    workspace = Workspace(pk=workspace_id)  # its servers and parameters are read, nothing of itself
    return compile_table(
        [replace(value, active=value.active and value.key not in without) for value in map(as_value, _rows(workspace))],
        policy=Policy(policy),
        default_from_filter=parameter(workspace, DEFAULT_FROM_FILTER),
    )


def as_value(row: OutgoingServer) -> Server:
    return Server(
        key=row.pk,
        name=row.name,
        priority=row.priority,
        from_filter=row.from_filter or None,
        # A mailbox that its owner has not connected yet takes none of their mail.
        active=row.is_active
        and (row.owner_id is None or not logs_in_with_oauth(row) or row.oauth_account_id is not None),
        is_personal=row.owner_id is not None,
        is_platform=row.authentication == OutgoingServer.Authentication.DEFAULT_SERVER,
    )
