"""How is something posted to a URL that a workspace named – without reaching what it must not reach?"""

import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from postroom.rfc.ip_address import is_public

SILENCE_SECONDS = 10.0
# A receiver that sends its answer byte by byte is not silent: so much for one post in all.
POST_SECONDS = 15.0
MOST_ANSWER_BYTES = 65_536  # read for the sake of the next post on the connection, and thrown away


class ForbiddenAddressError(OSError):
    """The host has no public address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` None: there was none; `words` say why, or what it was."""

    status: int | None
    words: str


class Receiver:
    """One URL, with the connection that is kept to it. Redirects are not followed."""

    def __init__(self, url: str, *, may_be_private: bool) -> None:
        """Unless `may_be_private` only public addresses are connected to, whatever DNS says and however often."""
        parts = urlsplit(url)
        kind = _Encrypted if parts.scheme == "https" else _Plain
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection = kind(parts.hostname or "", parts.port, timeout=SILENCE_SECONDS)
        self._connection.may_be_private = may_be_private

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """What the receiver answers; never raises for what the network or the receiver does."""
        alarm = threading.Timer(POST_SECONDS, self._hang_up)
        alarm.daemon = True
        alarm.start()
        try:
            return self._post_anew(body, headers) if self._connection.sock else self._post(body, headers)
        except (OSError, HTTPException, UnicodeError) as error:  # UnicodeError: no host name
            self._connection.close()
            return Answer(None, f"{type(error).__name__}: {error}")
        finally:
            alarm.cancel()

    def _post_anew(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """On a kept connection: the receiver may have closed it in the meantime, which is no failure."""
        try:
            return self._post(body, headers)
        except ConnectionError:  # http.client.RemoteDisconnected is one
            self._connection.close()
            return self._post(body, headers)

    def _post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        self._connection.request("POST", self._target, body, dict(headers))
        response = self._connection.getresponse()
        self._read_away(response)
        return Answer(response.status, f"HTTP {response.status} {response.reason}".strip())

    def _read_away(self, response: HTTPResponse) -> None:
        response.read(MOST_ANSWER_BYTES)
        if not response.isclosed():
            self._connection.close()

    def _hang_up(self) -> None:
        if connected := self._connection.sock:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it is over already


class _Plain(HTTPConnection):
    may_be_private = False

    def connect(self) -> None:
        self.sock = _connect(self.host, self.port, may_be_private=self.may_be_private)


class _Encrypted(HTTPSConnection):
    may_be_private = False

    def connect(self) -> None:
        plain = _connect(self.host, self.port, may_be_private=self.may_be_private)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def _connect(host: str, port: int, *, may_be_private: bool) -> socket.socket:
    """To an address that was looked up and judged: asking DNS a second time could yield another one."""
    found = {entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    addresses = [str(address) for address in found if may_be_private or is_public(str(address))]
    if not addresses:
        raise ForbiddenAddressError(
            f"{host} leads into a private network, where webhooks of this installation do not go"
        )
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), SILENCE_SECONDS / 2)
        except OSError:  # the next one may do
            continue
    return socket.create_connection((addresses[-1], port), SILENCE_SECONDS / 2)
