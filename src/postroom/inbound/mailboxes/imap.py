"""How is mail fetched by IMAP (RFC 3501): unread mail by UID, read without being marked, and waited for with IDLE?"""

import imaplib
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from select import select

from postroom.inbound.mailboxes.line import open_line
from postroom.inbound.mailboxes.mailbox import Listed, MailboxError, Note, Step, at
from postroom.inbound.models import IncomingServer, Source
from postroom.rfc.mailbox_name import encode_mailbox_name
from postroom.rfc.oauth import xoauth2
from postroom.smtp.endpoint import AccessToken, Credentials, Endpoint, Security
from postroom.smtp.tls import context_for

_SIZES_AT_ONCE = 200  # of mails asked for in one command, whose line stays short
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_IDLE_TAG = b"idling"  # imaplib's own have capitals and digits


class ImapMailbox:
    """A folder of an IMAP server."""

    source = Source.IMAP

    def __init__(self, endpoint: Endpoint, server: IncomingServer, *, max_bytes: int, note: Note) -> None:
        """Connected, logged in and in the folder; MailboxError."""
        self._afterwards = server.afterwards
        self._deleted: list[str] = []
        line = open_line(endpoint, note)
        try:
            self._client = _greet(line, endpoint, max_bytes=max_bytes, note=note)
            with at(Step.LOGIN):
                _log_in(self._client, endpoint.credentials)
            note(Step.LOGIN, "")
            with at(Step.FOLDER):
                self.epoch = self._select(server.folder, note)
        except BaseException:
            line.close()
            raise

    def listing(self) -> list[Listed]:
        with at(Step.LIST):
            uids = (_check(self._client.uid("SEARCH", "UNSEEN", "UNDELETED"))[0] or b"").split()
            sizes: dict[bytes, int] = {}
            for start in range(0, len(uids), _SIZES_AT_ONCE):
                sizes |= self._sizes(uids[start : start + _SIZES_AT_ONCE])
        return [Listed(uid.decode("ascii"), sizes[uid]) for uid in uids if uid in sizes]

    def retrieve(self, uid: str) -> bytes | None:
        with at(Step.FETCH):
            answer = _check(self._client.uid("FETCH", uid, "(UID BODY.PEEK[])"))
            bodies = [part[1] for part in answer if isinstance(part, tuple) and b"BODY[]" in part[0].upper()]
        if not bodies and any(answer):  # without any answer it is gone
            raise MailboxError(Step.FETCH, f"no content for UID {uid}", is_lost=False)
        return bytes(bodies[0]) if bodies else None

    def settle(self, uid: str) -> None:
        marks = _MARKS[IncomingServer.Afterwards(self._afterwards)]
        if not marks:
            return
        with at(Step.SETTLE):
            _check(self._client.uid("STORE", uid, "+FLAGS.SILENT", marks))
        if self._afterwards == IncomingServer.Afterwards.DELETE:
            self._expunge(uid)

    @property
    def can_wait(self) -> bool:
        return "IDLE" in self._client.capabilities

    def wait(self, seconds: float, stopping: threading.Event) -> None:
        """RFC 2177. Whatever the server says is reason enough to look."""
        with at(Step.WAIT):
            self._client.send(_IDLE_TAG + b" IDLE\r\n")
            is_refused = self._read_until((b"+", _IDLE_TAG)).startswith(_IDLE_TAG)
            deadline = time.monotonic() + seconds
            while not stopping.is_set() and time.monotonic() < deadline and (is_refused or not self._hears()):
                stopping.wait(1 if is_refused else 0)
            if not is_refused:
                self._client.send(b"DONE\r\n")
                self._read_until((_IDLE_TAG,))

    def close(self) -> None:
        with suppress(OSError, imaplib.IMAP4.error):
            self._client.logout()

    def _select(self, folder: str, note: Note) -> str:
        """The folder's UIDVALIDITY. Where nothing is to be changed, the server is held to that."""
        is_kept = self._afterwards == IncomingServer.Afterwards.KEEP
        count = _check(self._client.select(encode_mailbox_name(folder).decode("ascii"), readonly=is_kept))[0]
        validity = self._client.response("UIDVALIDITY")[1][0]
        if validity is None:
            raise MailboxError(Step.FOLDER, "the server gives no UIDVALIDITY, so mails cannot be told apart")
        note(Step.FOLDER, f"{folder}: {(count or b'0').decode()} mails")
        return bytes(validity).decode("ascii")

    def _sizes(self, uids: list[bytes]) -> dict[bytes, int]:
        lines = _check(self._client.uid("FETCH", b",".join(uids).decode("ascii"), "(UID RFC822.SIZE)"))
        found = ((_UID.search(line), _SIZE.search(line)) for line in lines if isinstance(line, bytes))
        return {uid[1]: int(size[1]) for uid, size in found if uid and size}

    def _expunge(self, uid: str) -> None:
        """Only this mail (UIDPLUS, RFC 4315); without that it stays marked, as EXPUNGE would take others' with it."""
        if "UIDPLUS" in self._client.capabilities:
            with at(Step.SETTLE):
                _check(self._client.uid("EXPUNGE", uid))

    def _hears(self) -> bool:
        """Whether the server has said something; waits a second for it."""
        line = self._client.sock
        line.setblocking(False)
        try:
            if self._client.file.peek(1):  # type: ignore[union-attr] # makefile("rb") gives a BufferedReader
                return True
        except ssl.SSLWantReadError:
            pass
        finally:
            line.settimeout(self._client.patience)
        return bool(select([line], [], [], 1)[0])

    def _read_until(self, beginnings: tuple[bytes, ...]) -> bytes:
        while True:
            line = self._client.readline()
            if not line:
                raise EOFError("the server has closed the connection")
            if line.startswith(beginnings):
                return line


class _Client(imaplib.IMAP4):
    """imaplib's, on a line that is there already, and never reading more than a mail may have."""

    def __init__(self, line: socket.socket, endpoint: Endpoint, *, max_bytes: int) -> None:
        self._line, self._max_bytes = line, max_bytes
        self.patience = endpoint.timeouts.connect
        super().__init__(endpoint.ascii_host, endpoint.port)

    def _create_socket(self, _timeout: float | None) -> socket.socket:
        return self._line

    def read(self, size: int) -> bytes:
        if size > self._max_bytes:
            raise self.abort(f"the server sends {size:,} bytes at once")
        return super().read(size)


_MARKS = {
    IncomingServer.Afterwards.SEEN: r"(\Seen)",
    IncomingServer.Afterwards.DELETE: r"(\Seen \Deleted)",
    IncomingServer.Afterwards.KEEP: "",
}


def _greet(line: socket.socket, endpoint: Endpoint, *, max_bytes: int, note: Note) -> _Client:
    with at(Step.GREETING):
        client = _Client(line, endpoint, max_bytes=max_bytes)
    note(Step.GREETING, client.welcome.decode(errors="replace"))
    if endpoint.security is Security.STARTTLS:
        with at(Step.TLS):
            client.starttls(context_for(endpoint))
        note(Step.TLS, "STARTTLS")
    return client


def _log_in(client: _Client, credentials: Credentials | None) -> None:
    """PLAIN where it is offered, as LOGIN knows ASCII alone."""
    if credentials is None:
        return
    if isinstance(credentials, AccessToken):
        # A refusal is explained in a challenge that wants an empty answer.
        answers = iter([xoauth2(credentials.username, credentials.token).encode()])
        client.authenticate("XOAUTH2", lambda _: next(answers, b""))
    elif "AUTH=PLAIN" in client.capabilities:
        plain = f"\0{credentials.username}\0{credentials.password}".encode()
        client.authenticate("PLAIN", lambda _: plain)
    else:
        client.login(credentials.username, credentials.password)
    client.capabilities = tuple(_check(client.capability())[0].decode("ascii", "replace").upper().split())


def _check(answer: tuple[str, list]) -> list:  # type: ignore[type-arg] # bytes, None, and pairs of bytes
    status, lines = answer
    if status != "OK":
        raise imaplib.IMAP4.error(*[line for line in lines if line] or [status])
    return lines
