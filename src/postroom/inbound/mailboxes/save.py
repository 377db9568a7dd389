"""What is a correct incoming server: every field checked before it is stored? And what goes with one removed?"""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from postroom.errors import PostroomError
from postroom.inbound.mailboxes.accounts import PROVIDERS, find_account
from postroom.inbound.mailboxes.alerts import clear_mail_alert, clear_server_alert
from postroom.inbound.models import IncomingServer
from postroom.servers.save import InvalidServerError, clean_host

Protocol, Encryption = IncomingServer.Protocol, IncomingServer.Encryption
USUAL_PORTS = {
    (Protocol.IMAP, Encryption.TLS): 993,
    (Protocol.IMAP, Encryption.STARTTLS): 143,
    (Protocol.IMAP, Encryption.NONE): 143,
    (Protocol.POP3, Encryption.TLS): 995,
    (Protocol.POP3, Encryption.STARTTLS): 110,
    (Protocol.POP3, Encryption.NONE): 110,
}
LEAST_POLL_SECONDS = 30  # providers take more for abuse
_HOSTS = {
    IncomingServer.Authentication.GMAIL: {Protocol.IMAP: "imap.gmail.com", Protocol.POP3: "pop.gmail.com"},
    IncomingServer.Authentication.OUTLOOK: dict.fromkeys(Protocol, "outlook.office365.com"),
}
_SETTINGS = [
    *(column.name for column in IncomingServer._meta.concrete_fields if column.editable and not column.primary_key),
    "failures",
    "last_error",
]


class UnknownAccountError(PostroomError):
    """There is no account of this name: connect one on the server's page, or with `postroom incoming connect`."""

    code = "unknown_account"


def save_incoming_server(server: IncomingServer) -> IncomingServer:
    """Store a new or changed server and have it visited; InvalidServerError names the field and what to write."""
    _complete(server)
    _check(server)
    server.changed_at = server.due_at = Now()
    server.failures, server.last_error = 0, ""
    with transaction.atomic():
        # Who visits it is not ours to write.
        server.save(update_fields=None if server._state.adding else _SETTINGS)
        clear_server_alert(server)  # what it told of may be mended; if not, the visit that is due tells again
    server.refresh_from_db()
    return server


@transaction.atomic
def remove_incoming_server(server: IncomingServer) -> None:
    """Never visit the server again, nor tell of its troubles; what was fetched stays."""
    IncomingServer.objects.filter(pk=server.pk).delete()  # first: a visit, too, writes the server before its alert
    clear_server_alert(server)
    clear_mail_alert(server)


def set_fields(server: IncomingServer, fields: Mapping[str, object]) -> None:
    """Change what is given (not None); a new server's port and what is done there follow from the protocol."""
    given = {name: value for name, value in fields.items() if value is not None}
    for name, value in given.items():
        setattr(server, name, value)
    if server._state.adding and server.protocol == Protocol.POP3 and "afterwards" not in given:
        server.afterwards = IncomingServer.Afterwards.KEEP
    if "port" not in given and (server._state.adding or given.keys() & {"protocol", "encryption"}):
        server.port = USUAL_PORTS[Protocol(server.protocol), Encryption(server.encryption)]


def give_account(server: IncomingServer, address: str) -> None:
    """Let the server log in as the account `address`, where that is not its username; UnknownAccountError."""
    server.oauth_account = find_account(server, address)
    if server.oauth_account is None:
        raise UnknownAccountError(f"The account {address} is not connected here.", field="account")


def _complete(server: IncomingServer) -> None:
    """What the protocol and the provider prescribe, where nothing else is said."""
    server.name, server.folder = server.name.strip(), server.folder.strip() or "INBOX"
    authentication = IncomingServer.Authentication(server.authentication)
    if authentication in PROVIDERS:
        server.password = ""
        server.host = server.host.strip() or _HOSTS[authentication][Protocol(server.protocol)]
        server.oauth_account = server.oauth_account or find_account(server, server.username)
    else:
        server.oauth_account = None


def _check(server: IncomingServer) -> None:
    if not server.name:
        raise InvalidServerError("Give the server a name to recognise it by.", field="name")
    try:
        server.clean_fields(exclude=["workspace", "changed_at", "due_at"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        words = f"{field.replace('_', ' ').capitalize()}: {' '.join(messages)}"
        raise InvalidServerError(words, field=field) from error
    if not server.host.strip():
        raise InvalidServerError("Enter the server's host name, as your provider gives it.", field="host")
    server.host = clean_host(server.host.strip())
    if not server.username.strip():
        raise InvalidServerError("Enter the name to log in with, often the complete address.", field="username")
    if server.protocol == Protocol.POP3 and server.afterwards == IncomingServer.Afterwards.SEEN:
        raise InvalidServerError("POP3 cannot mark mail as read; choose “delete” or “keep”.", field="afterwards")
    if not 0 < server.port < 65536:
        raise InvalidServerError("The port is a number from 1 to 65535; most use 993 or 995.", field="port")
    if server.poll_seconds < LEAST_POLL_SECONDS:
        words = f"Write at least {LEAST_POLL_SECONDS} seconds: providers take more for abuse."
        raise InvalidServerError(words, field="poll_seconds")
