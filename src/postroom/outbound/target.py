"""Where a lane leads: its server's endpoint and limits, as they are now."""

from dataclasses import dataclass

from postroom.errors import PostroomError
from postroom.outbound.models import Lane
from postroom.servers.endpoints import DEFAULT_SERVER_NAME, endpoint_of
from postroom.servers.models import OutgoingServer
from postroom.smtp.endpoint import Endpoint

DEFAULT_CONNECTIONS = 5
DEFAULT_MESSAGES_PER_CONNECTION = 100


@dataclass(frozen=True, slots=True)
class Target:
    """A server to talk to. `routing_version` is None for the default server, which no workspace's settings change."""

    lane: int
    server_id: int | None
    name: str
    endpoint: Endpoint
    routing_version: int | None = None
    max_connections: int = DEFAULT_CONNECTIONS
    max_messages_per_connection: int = DEFAULT_MESSAGES_PER_CONNECTION
    allows_sub_addresses: bool = True
    logs_dialog: bool = False
    max_message_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Unusable:
    """A server that cannot be talked to as it is set up, and why in plain words."""

    why: str
    routing_version: int | None = None


def target_of(lane_id: int) -> Target | Unusable:
    lane = Lane.objects.get(pk=lane_id)
    servers = OutgoingServer.objects.filter(lanes=lane)
    version = servers.values_list("workspace__routing_version", flat=True).first()
    try:
        server = lane.server  # SealBrokenError when its password cannot be read
        endpoint = endpoint_of(server)
    except PostroomError as error:
        return Unusable(error.message, version)
    place = f"{endpoint.host}:{endpoint.port}"
    if server is None:
        return Target(lane.pk, None, f"{DEFAULT_SERVER_NAME} ({place})", endpoint)
    return Target(
        lane.pk,
        server.pk,
        f"{server.name} ({place})",
        endpoint,
        routing_version=version,
        max_connections=server.max_connections,
        max_messages_per_connection=server.max_messages_per_connection,
        allows_sub_addresses=server.allows_sub_addresses,
        logs_dialog=server.logs_dialog,
        max_message_bytes=server.max_message_bytes,
    )
