"""What a correct outgoing server is: every field checked before it is stored."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from django.core.exceptions import ValidationError

from postroom.errors import AddressError, PostroomError
from postroom.policy.from_filter import parse_from_filter
from postroom.rfc.address import domain_to_ascii
from postroom.rfc.dkim_key import to_dns_name
from postroom.servers.endpoints import check_port
from postroom.servers.models import OutgoingServer
from postroom.servers.oauth.providers import PROVIDERS, logs_in_with_oauth, provider_of

LIMITS = (
    "max_connections",
    "max_messages_per_connection",
    "max_messages_per_second",
    "max_messages_per_minute",
    "max_messages_per_hour",
    "max_messages_per_day",
    "max_message_bytes",
)
# Container names with underscores are no host names, but resolve.
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")


class InvalidServerError(PostroomError):
    """The outgoing server cannot be stored like this."""

    code = "invalid_server"


def save_server(server: OutgoingServer) -> OutgoingServer:
    """Store a new or changed server; InvalidServerError and BlockedPortError say which field is wrong."""
    server.name = server.name.strip()
    if not server.name:
        raise InvalidServerError("Give the server a name to recognise it by.", field="name")
    _check_fields(server)
    if logs_in_with_oauth(server):
        _complete_oauth(server)
    _check_from_filter(server)
    server.dkim_selectors = ", ".join(_clean_selectors(server.dkim_selectors))
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


def _check_fields(server: OutgoingServer) -> None:
    """Kinds, lengths and ranges, as the columns have them; a limit of nothing would send nothing for ever."""
    try:
        server.clean_fields(exclude=["workspace"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidServerError(
            f"{field.replace('_', ' ').capitalize()}: {' '.join(messages)}", field=field
        ) from error
    for field in LIMITS:
        if getattr(server, field) == 0:
            raise InvalidServerError(f"{field.replace('_', ' ').capitalize()}: write at least 1.", field=field)


def _check_from_filter(server: OutgoingServer) -> None:
    faults = parse_from_filter(server.from_filter).faults
    if faults:
        raise InvalidServerError("FROM filtering: " + " ".join(faults), field="from_filter")


def _complete_oauth(server: OutgoingServer) -> None:
    """What the provider prescribes, where nothing else is said; no password beside the token."""
    provider = PROVIDERS[provider_of(server)]
    server.password = ""
    if not server.host.strip():
        server.host, server.port = provider.smtp_host, provider.smtp_port
    # A Gmail account sends as itself, whatever the From: others are replaced there.
    if server.authentication == OutgoingServer.Authentication.GMAIL and not server.from_filter.strip():
        server.from_filter = server.username


def _clean_selectors(text: str) -> Iterator[str]:
    """As the provider's console shows them, or with the rest of the record's name behind."""
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            yield to_dns_name(entry.partition("._domainkey")[0])
        except AddressError as error:
            raise InvalidServerError(
                f"“{entry[:80]}” is not a DKIM selector; write it like s1, several separated by commas.",
                field="dkim_selectors",
            ) from error


def _check_connection(server: OutgoingServer) -> None:
    if not server.host.strip():
        raise InvalidServerError("Enter the SMTP server's host name, as your provider gives it.", field="host")
    server.host = clean_host(server.host.strip())
    if not 0 < server.port < 65536:
        raise InvalidServerError("The port is a number from 1 to 65535; most providers use 465 or 587.", field="port")
    check_port(server.port)
    if server.authentication == OutgoingServer.Authentication.CERTIFICATE and not (
        server.client_certificate and server.client_key
    ):
        raise InvalidServerError(
            "Authentication by SSL certificate needs the certificate and its key, both as PEM.",
            field="client_certificate",
        )


def clean_host(text: str) -> str:
    """The name in ASCII, or the address without brackets."""
    bare = text.removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare))
    except ValueError:
        pass
    try:
        host = text if text.isascii() else domain_to_ascii(text)
    except AddressError:
        host = ""
    if not _HOST.fullmatch(host):
        raise InvalidServerError(
            f"“{text}” is not a host name; write it alone, such as smtp.example.com, the port in its own field.",
            field="host",
        )
    return host
