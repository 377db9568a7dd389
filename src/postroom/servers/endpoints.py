"""How to reach a server: an outgoing server's row, or the default server's URL, as an Endpoint."""

from urllib.parse import unquote, urlsplit

from django.conf import settings

from postroom.errors import PostroomError
from postroom.servers.models import OutgoingServer
from postroom.servers.oauth.providers import logs_in_with_oauth
from postroom.servers.oauth.tokens import NotConnectedError, fresh_token
from postroom.smtp.endpoint import AccessToken, ClientCertificate, Credentials, Endpoint, Password, Security, Timeouts

DEFAULT_SERVER_NAME = "default server"
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
SECURITIES = {"smtp": Security.NONE, "smtp+starttls": Security.STARTTLS, "smtps": Security.TLS}


BLOCKED_PORT = 25  # on a hosted platform (requirement C3): between mail servers, not for handing mail in (RFC 6409)


class BlockedPortError(PostroomError):
    """Port 25 is blocked on this platform. Try port 465, 587 or 2525 instead."""

    code = "blocked_port"


class NoDefaultServerError(PostroomError):
    """No server can take this mail: add an outgoing server, or set POSTROOM_DEFAULT_SERVER."""

    code = "no_default_server"


def endpoint_of(server: OutgoingServer | None) -> Endpoint:
    """Where to connect and how to log in; None is the default server. PostroomError when it is not usable as it is.

    May take seconds where the provider of an OAuth account is asked for a new token.
    """
    if server is None or server.authentication == OutgoingServer.Authentication.DEFAULT_SERVER:
        return default_endpoint()
    check_port(server.port)
    return Endpoint(
        host=server.host,
        port=server.port,
        security=Security(server.encryption),
        ehlo_name=server.workspace.subdomain,
        verify=server.verifies_certificate,
        ca_data=server.ca_certificate or None,
        client_certificate=_client_certificate(server),
        credentials=_credentials(server),
        timeouts=_timeouts(),
        is_public_only=settings.POSTROOM.hosted,
    )


def check_port(port: int) -> None:
    """BlockedPortError for one that no server of a workspace may be reached at here."""
    if settings.POSTROOM.hosted and port == BLOCKED_PORT:
        raise BlockedPortError(field="port")


def default_endpoint() -> Endpoint:
    """The installation's default server (requirement A4); NoDefaultServerError when none is set."""
    if settings.POSTROOM.default_server is None:
        raise NoDefaultServerError
    parts = urlsplit(settings.POSTROOM.default_server)
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Endpoint(
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        security=SECURITIES[parts.scheme],
        ehlo_name=settings.POSTROOM.platform_domain,
        credentials=Password(username, password) if username else None,
        timeouts=_timeouts(),
    )


def capture_endpoint() -> Endpoint:
    """The built-in capture server, where mail of a copied installation ends."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.POSTROOM.capture_host, settings.POSTROOM.capture_host)  # noqa: S104 – not listened on
    return Endpoint(
        host=host,
        port=settings.POSTROOM.capture_port,
        security=Security.NONE,
        ehlo_name=settings.POSTROOM.platform_domain,
        timeouts=_timeouts(),
    )


def is_capture(host: str, port: int) -> bool:
    """Whether a server at this place is the built-in capture server, so that no mail through it leaves."""
    capture = capture_endpoint()
    return port == capture.port and host.lower() in {capture.host, settings.POSTROOM.capture_host, "localhost"}


def _credentials(server: OutgoingServer) -> Credentials | None:
    if not logs_in_with_oauth(server):
        return Password(server.username, server.password) if server.username else None
    if server.oauth_account is None:
        raise NotConnectedError
    # Microsoft lets people into mailboxes that they share: the name to log in with is the server's.
    return AccessToken(server.username, fresh_token(server.oauth_account).access_token)


def _timeouts() -> Timeouts:
    return Timeouts().at_most(settings.POSTROOM.smtp_patience)


def _client_certificate(server: OutgoingServer) -> ClientCertificate | None:
    if server.authentication != OutgoingServer.Authentication.CERTIFICATE:
        return None
    return ClientCertificate(server.client_certificate.encode(), server.client_key.encode())
