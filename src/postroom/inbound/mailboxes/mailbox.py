"""What is a mailbox on an incoming server, whichever protocol it speaks, and what can go wrong with it?"""

import imaplib
import poplib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from postroom.errors import PostroomError
from postroom.inbound.models import Source


class Step(StrEnum):
    """What is done with a mailbox, in this order; with SSL/TLS the server greets when the line is encrypted."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    LOGIN = "login"
    FOLDER = "folder"
    LIST = "list"
    FETCH = "fetch"
    SETTLE = "settle"  # mark as read, delete
    WAIT = "wait"


class MailboxError(PostroomError):
    """The mailbox cannot be read."""

    code = "mailbox_unavailable"

    def __init__(self, step: Step, words: str, *, is_lost: bool = True) -> None:
        """`words` are the server's or the system's; `is_lost`: the connection can be used no more."""
        super().__init__(f"{_SENTENCES[step]}: {words}")
        self.step, self.words, self.is_lost = step, words, is_lost


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail that waits: `uid` names it among those of the mailbox's epoch."""

    uid: str
    size_bytes: int


Note = Callable[[Step, str], None]
"""Told of each step that went well, with the server's words or ours."""


class Mailbox(Protocol):
    """A folder that is open. Every method may raise MailboxError."""

    source: Source
    epoch: str  # uids of another epoch say nothing (UIDVALIDITY, RFC 3501 §2.3.1.1); "" where there is only one

    def listing(self) -> list[Listed]:
        """The mails to fetch, oldest first."""

    def retrieve(self, uid: str) -> bytes | None:
        """The mail, without any change to it on the server; None when it has gone."""

    def settle(self, uid: str) -> None:
        """Do what is to be done with a mail that is safe with us: mark it as read, delete it, or nothing."""

    @property
    def can_wait(self) -> bool:
        """Whether `wait` hears of new mail."""

    def wait(self, seconds: float, stopping: threading.Event) -> None:
        """Return when something has changed, after `seconds` at the latest, or soon when it is time to stop."""

    def close(self) -> None:
        """Say goodbye, with which POP3 deletes; raises nothing."""


@contextmanager
def at(step: Step) -> Iterator[None]:
    """What goes wrong inside is a MailboxError of this step."""
    try:
        yield
    except MailboxError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise MailboxError(Step.TLS, error.verify_message) from error
    except imaplib.IMAP4.abort as error:  # as does the next, but it means that the line is dead
        raise MailboxError(step, _words(error)) from error
    except (imaplib.IMAP4.error, poplib.error_proto) as error:
        raise MailboxError(step, _words(error), is_lost=False) from error
    except (OSError, EOFError, ValueError) as error:  # ValueError: what imaplib and poplib cannot parse
        raise MailboxError(step, _words(error)) from error


def _words(error: Exception) -> str:
    first = error.args[-1] if error.args else ""
    text = first.decode(errors="replace") if isinstance(first, bytes) else str(first)
    return " ".join(text.split())[:500] or type(error).__name__


_SENTENCES = {
    Step.RESOLVE: "The server's name is not known",
    Step.CONNECT: "No connection to the server",
    Step.TLS: "No secure connection could be made; check encryption, host name and certificate",
    Step.GREETING: "The server does not greet",
    Step.LOGIN: "The server refuses the login",
    Step.FOLDER: "The folder cannot be opened",
    Step.LIST: "The server does not list its mail",
    Step.FETCH: "The server does not hand out a mail",
    Step.SETTLE: "The server does not mark or delete a mail",
    Step.WAIT: "The connection was lost",
}
