"""Where an outlet leads: its server's endpoint, lanes and limits, as they are now."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Now

from postroom.errors import PostroomError
from postroom.outbound.models import Lane, Outlet
from postroom.policy.dns.facts import SignedBy
from postroom.policy.pacing import DAY_S, HOUR_S, MINUTE_S, Limit
from postroom.servers.endpoints import DEFAULT_SERVER_NAME, capture_endpoint, endpoint_of
from postroom.servers.models import OAuthAccount, OutgoingServer
from postroom.smtp.endpoint import Endpoint
from postroom.workspaces.identity import captures

DEFAULT_CONNECTIONS = 5
DEFAULT_MESSAGES_PER_CONNECTION = 100


@dataclass(frozen=True, slots=True)
class Target:
    """A server to talk to. `routing_version` is None for the default server, which no workspace's settings change."""

    lanes: dict[str, int]  # by stream
    server_id: int | None
    name: str
    endpoint: Endpoint
    routing_version: int | None = None
    max_connections: int = DEFAULT_CONNECTIONS
    max_messages_per_connection: int = DEFAULT_MESSAGES_PER_CONNECTION
    allows_sub_addresses: bool = True
    is_signed_by_us: bool = True
    logs_dialog: bool = False
    max_message_bytes: int | None = None
    limits: tuple[Limit, ...] = ()
    oauth_account: int | None = None  # whose access token the endpoint logs in with
    renew_at: datetime | None = None  # when a newer token is to be had
    is_captured: bool = False  # all its mail ends in the capture server, until the installation is released
    is_platform: bool = False  # it spends the default server's daily limit of its workspaces (requirement G1)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A server that cannot be talked to as it is set up, and why in plain words."""

    lanes: dict[str, int]
    why: str
    routing_version: int | None = None


def target_of(outlet_id: int) -> Target | Unusable:
    outlet = Outlet.objects.get(pk=outlet_id)
    lanes = dict(Lane.objects.filter(outlet=outlet).values_list("stream", "pk"))
    version = OutgoingServer.objects.filter(outlet=outlet).values_list("workspace__routing_version", flat=True).first()
    try:
        server = outlet.server  # SealBrokenError when its password cannot be read
        is_captured = captures()
        endpoint = capture_endpoint() if is_captured else endpoint_of(server)
    except PostroomError as error:
        return Unusable(lanes, error.message, version)
    place = f"{endpoint.host}:{endpoint.port}"
    if server is None:
        name = f"{DEFAULT_SERVER_NAME} ({place})"
        return Target(lanes, None, name, endpoint, is_captured=is_captured, is_platform=True)
    return Target(
        lanes,
        server.pk,
        f"{server.name} ({place})",
        endpoint,
        routing_version=version,
        max_connections=server.max_connections,
        max_messages_per_connection=server.max_messages_per_connection,
        allows_sub_addresses=server.allows_sub_addresses,
        is_signed_by_us=SignedBy(server.signed_by).is_ours,
        logs_dialog=server.logs_dialog,
        max_message_bytes=server.max_message_bytes,
        limits=limits_of(server),
        oauth_account=server.oauth_account_id,
        renew_at=_renew_at(server),
        is_captured=is_captured,
        is_platform=server.authentication == OutgoingServer.Authentication.DEFAULT_SERVER,
    )


def asks_provider(outlet_id: int) -> bool:
    """Whether `target_of` has to ask the provider of an account for a token, which may take seconds."""
    is_due = Q(oauth_account__renew_at__lte=Now()) | Q(oauth_account__expires_at__lte=Now())
    connected = OutgoingServer.objects.filter(oauth_account__state=OAuthAccount.State.CONNECTED)
    return connected.filter(is_due, outlet=outlet_id).exists()


def _renew_at(server: OutgoingServer) -> datetime | None:
    """Read anew: making the endpoint may have renewed the token, or put that off."""
    if server.oauth_account_id is None:
        return None
    return OAuthAccount.objects.filter(pk=server.oauth_account_id).values_list("renew_at", flat=True).first()


def limits_of(server: OutgoingServer) -> tuple[Limit, ...]:
    """The limits a person has set for the server."""
    fields = {
        1.0: server.max_messages_per_second,
        MINUTE_S: server.max_messages_per_minute,
        HOUR_S: server.max_messages_per_hour,
        DAY_S: server.max_messages_per_day,
    }
    return tuple(Limit(messages, seconds) for seconds, messages in fields.items() if messages is not None)
