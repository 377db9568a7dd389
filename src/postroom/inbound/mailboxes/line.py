"""How is a connection to an incoming server made, step by step?"""

import socket

from postroom.inbound.mailboxes.mailbox import MailboxError, Note, Step, at
from postroom.rfc.ip_address import is_public
from postroom.smtp.endpoint import Endpoint, Security
from postroom.smtp.tls import context_for


def open_line(endpoint: Endpoint, note: Note) -> socket.socket:
    """Connected, and encrypted where that comes first; MailboxError."""
    with at(Step.RESOLVE):
        found = socket.getaddrinfo(endpoint.ascii_host, endpoint.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    note(Step.RESOLVE, ", ".join(addresses))
    if endpoint.is_public_only and not all(map(is_public, addresses)):
        raise MailboxError(Step.CONNECT, "servers may not be inside of this platform's network")
    line = _connect(addresses, endpoint)
    note(Step.CONNECT, f"{line.getpeername()[0]}:{endpoint.port}")
    if endpoint.security is not Security.TLS:
        return line
    with at(Step.TLS):
        try:
            encrypted = context_for(endpoint).wrap_socket(line, server_hostname=endpoint.ascii_host)
        except OSError:
            line.close()
            raise
    note(Step.TLS, encrypted.version() or "")
    return encrypted


def _connect(addresses: list[str], endpoint: Endpoint) -> socket.socket:
    """To the first address that answers; the patience is for each."""
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, endpoint.port), endpoint.timeouts.connect)
        except OSError:
            continue
    if not addresses:
        raise MailboxError(Step.RESOLVE, "it has no address")
    with at(Step.CONNECT):
        return socket.create_connection((addresses[-1], endpoint.port), endpoint.timeouts.connect)
