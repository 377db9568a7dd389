"""What a correct outgoing server is: every field checked before it is stored."""

from postroom.errors import PostroomError
from postroom.policy.from_filter import parse_from_filter
from postroom.rfc.address import domain_to_ascii
from postroom.servers.models import OutgoingServer


class InvalidServerError(PostroomError):
    """The outgoing server cannot be stored like this."""

    code = "invalid_server"


def save_server(server: OutgoingServer) -> OutgoingServer:
    """Store a new or changed server; InvalidServerError says which field is wrong and what to write."""
    server.name = server.name.strip()
    if not server.name:
        raise InvalidServerError("Give the server a name to recognise it by.", field="name")
    _check_from_filter(server)
    if server.authentication != OutgoingServer.Authentication.DEFAULT_SERVER:
        _check_connection(server)
    server.save()
    return server


def warnings(server: OutgoingServer) -> list[str]:
    """What a person should know about a server that is correct but may surprise."""
    if server.from_filter.strip():
        return []
    return [
        "Without FROM filtering, mail through this server leaves under the notification address. "
        "Enter the domain or address your provider lets you send from."
    ]


def _check_from_filter(server: OutgoingServer) -> None:
    faults = parse_from_filter(server.from_filter).faults
    if faults:
        raise InvalidServerError("FROM filtering: " + " ".join(faults), field="from_filter")


def _check_connection(server: OutgoingServer) -> None:
    if not server.host.strip():
        raise InvalidServerError("Enter the SMTP server's host name, as your provider gives it.", field="host")
    server.host = server.host.strip()
    if not server.host.strip("[]").replace(".", "").replace(":", "").isalnum():
        server.host = domain_to_ascii(server.host)
    if not 0 < server.port < 65536:
        raise InvalidServerError("The port is a number from 1 to 65535; most providers use 465 or 587.", field="port")
    if server.authentication == OutgoingServer.Authentication.CERTIFICATE and not (
        server.client_certificate and server.client_key
    ):
        raise InvalidServerError(
            "Authentication by SSL certificate needs the certificate and its key, both as PEM.",
            field="client_certificate",
        )
