"""How is mail fetched by POP3 (RFC 1939), where mails have names of their own (UIDL) and no marks?"""

import poplib
import socket
import threading
from base64 import b64encode
from contextlib import suppress

from postroom.inbound.mailboxes.line import open_line
from postroom.inbound.mailboxes.mailbox import Listed, MailboxError, Note, Step, at
from postroom.inbound.models import IncomingServer, Source
from postroom.rfc.oauth import xoauth2
from postroom.smtp.endpoint import AccessToken, Credentials, Endpoint, Security
from postroom.smtp.tls import context_for

# Of a listing, which has no bounds of its own: two hundred thousand mails.
_MAX_LISTING_BYTES = 20_000_000


class Pop3Mailbox:
    """The mailbox of a POP3 account. What is deleted goes when it is closed."""

    source = Source.POP3
    epoch = ""
    can_wait = False

    def __init__(self, endpoint: Endpoint, server: IncomingServer, *, max_bytes: int, note: Note) -> None:
        """Connected and logged in; MailboxError."""
        self._deletes = server.afterwards == IncomingServer.Afterwards.DELETE
        self._max_bytes = max_bytes
        self._numbers: dict[str, int] = {}
        line = open_line(endpoint, note)
        try:
            self._client = _greet(line, endpoint, note)
            with at(Step.LOGIN):
                _log_in(self._client, endpoint.credentials)
            note(Step.LOGIN, "")
        except BaseException:
            line.close()
            raise

    def listing(self) -> list[Listed]:
        with at(Step.LIST):
            sizes = dict(_pairs(self._ask(_MAX_LISTING_BYTES).list()[1]))
            uids = dict(_pairs(self._ask(_MAX_LISTING_BYTES).uidl()[1]))
            self._numbers = {uid.decode("ascii", "replace"): int(number) for number, uid in uids.items()}
            return [Listed(uid, int(sizes[b"%d" % number])) for uid, number in self._numbers.items()]

    def retrieve(self, uid: str) -> bytes | None:
        with at(Step.FETCH):
            lines = self._ask(self._max_bytes).retr(self._numbers[uid])[1]
        return b"".join(line + b"\r\n" for line in lines)

    def settle(self, uid: str) -> None:
        if self._deletes:
            with at(Step.SETTLE):
                self._ask().dele(self._numbers[uid])

    def wait(self, seconds: float, stopping: threading.Event) -> None:
        stopping.wait(seconds)

    def close(self) -> None:
        with suppress(OSError, poplib.error_proto):
            self._ask().quit()

    def _ask(self, most_bytes: int = 10_000) -> "_Client":
        """The client, whose next answer may have so many bytes."""
        self._client.room = most_bytes
        return self._client


class _Client(poplib.POP3):
    """poplib's, on a line that is there already. Lines may be as long as mails have them, their sum has a bound."""

    def __init__(self, line: socket.socket, endpoint: Endpoint) -> None:
        self._line, self.room = line, 10_000
        super().__init__(endpoint.ascii_host, endpoint.port)

    def _create_socket(self, _timeout: float) -> socket.socket:
        return self._line

    def _getline(self) -> tuple[bytes, int]:
        line = self.file.readline(self.room + 1)
        self.room -= len(line)
        if not line.endswith(b"\n"):
            raise EOFError("the answer is larger than announced" if line else "the server has closed the connection")
        return line.removesuffix(b"\n").removesuffix(b"\r"), len(line)


def _greet(line: socket.socket, endpoint: Endpoint, note: Note) -> _Client:
    with at(Step.GREETING):
        client = _Client(line, endpoint)
    note(Step.GREETING, client.getwelcome().decode(errors="replace"))
    if endpoint.security is Security.STARTTLS:
        with at(Step.TLS):
            client.stls(context_for(endpoint))
        note(Step.TLS, "STLS")
    return client


def _log_in(client: _Client, credentials: Credentials | None) -> None:
    if credentials is None:
        raise MailboxError(Step.LOGIN, "POP3 wants a user name")
    if isinstance(credentials, AccessToken):
        _log_in_with_token(client, credentials)
    else:
        client.user(credentials.username)
        client.pass_(credentials.password)


def _log_in_with_token(client: _Client, credentials: AccessToken) -> None:
    """RFC 5034 with XOAUTH2; a refusal is explained in a challenge that wants an empty answer."""
    response = b64encode(xoauth2(credentials.username, credentials.token).encode())
    client.room = 20_000
    client.sock.sendall(b"AUTH XOAUTH2 " + response + b"\r\n")
    answer = client._getline()[0]
    if answer.startswith(b"+ "):
        client.sock.sendall(b"\r\n")
        answer = client._getline()[0]
    if not answer.startswith(b"+OK"):
        raise poplib.error_proto(answer)


def _pairs(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """The number of a mail, and what is said of it."""
    return [(words[0], words[1]) for line in lines if len(words := line.split()) >= 2]
