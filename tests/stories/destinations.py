"""What arrived, and with which envelope? At a real Postfix and at the capture server alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Protocol

import dkim

from postroom.rfc.headers import iter_fields, split_message
from tests.peers import opendkim
from tests.peers.postfix import Postfix
from tests.stories.browser import Browser

# Postfix's own, on top of what was sent: the rest is ours to the byte.
_TRACE_FIELDS = {"return-path", "x-original-to", "delivered-to", "received"}


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as it came: its envelope's sender, and the bytes."""

    return_path: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        message = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def body(self) -> bytes:
        return split_message(self.raw)[1]

    def fields(self, *, without: set[str]) -> list[bytes]:
        """The header fields to the byte, in order, without those of these (lower-case) names."""
        return [field for name, field in iter_fields(split_message(self.raw)[0]) if name not in without]

    def dkim_verdicts(self, records: Mapping[str, str]) -> tuple[list[opendkim.Judgement], bool]:
        """What opendkim says of every signature, and dkimpy of the first, with these TXT records for DNS."""

        def txt(name: bytes, timeout: int = 5) -> bytes | None:
            record = records.get(name.decode().rstrip("."))
            return record.encode() if record else None

        return opendkim.judge(self.raw, records), dkim.verify(self.raw, dnsfunc=txt)


class Destination(Protocol):
    """A server that mail is sent to."""

    port: int

    def arrived(self, address: str, *, count: int = 1) -> list[Arrived]:
        """All messages for the address; waits until there are `count`."""
        ...


class PostfixDestination:
    """Debian's Postfix, which delivers to a maildir."""

    def __init__(self, postfix: Postfix) -> None:
        self.port = postfix.port
        self._postfix = postfix

    def arrived(self, address: str, *, count: int = 1) -> list[Arrived]:
        return [_without_trace(raw) for raw in self._postfix.messages(address, count=count)]


class CaptureDestination:
    """The built-in capture server, seen through its web pages."""

    def __init__(self, port: int, browser: Browser) -> None:
        self.port = port
        self._browser = browser

    def arrived(self, address: str, *, count: int = 1) -> list[Arrived]:
        """What has been answered is stored: there is nothing to wait for once the delivery is settled."""
        numbers = self._browser.captured(address)
        assert len(numbers) >= count, self._browser.page("/capture")
        return [self._read(number) for number in reversed(numbers)]

    def _read(self, number: int) -> Arrived:
        return_path = self._browser.fact(f"/capture/{number}", "Return path")
        return Arrived(return_path, self._browser.file(f"/capture/{number}/raw"))


def _without_trace(raw: bytes) -> Arrived:
    head, body = split_message(raw)
    fields = list(iter_fields(head))
    return_path = re.fullmatch(rb"Return-Path: <(.*)>\r\n", fields[0][1])
    assert return_path, head
    while fields[0][0] in _TRACE_FIELDS:
        del fields[0]
    return Arrived(return_path[1].decode(), b"".join(field for _, field in fields) + b"\r\n" + body)
