"""Which phases has an SMTP session, and how can one end other than by the reply that was asked for? (RFC 5321 §3)."""

from dataclasses import dataclass
from enum import StrEnum

from postroom.rfc.reply import Reply


class Phase(StrEnum):
    """What was going on: from finding the server to its answer to the message."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    LOGIN = "login"
    RSET = "rset"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    MESSAGE = "message"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Lost:
    """The conversation broke off: no (intelligible) answer will come for what was asked in `phase`.

    `may_have_been_accepted` is true once the final dot or the last octet of BDAT LAST was written: the server may
    have taken the message, so sending it again may duplicate it. False: certainly not taken, safe to send again.
    """

    phase: Phase
    why: str
    may_have_been_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Not asked at all, because the server's EHLO reply rules it out.

    `keyword` is the extension that lacks (SMTPUTF8, 8BITMIME) or whose limit is too small (SIZE).
    """

    keyword: str
    why: str


@dataclass(frozen=True, slots=True)
class ConnectFailure:
    """No usable connection: the phase that failed, why in words, and the server's reply when there was one."""

    phase: Phase
    why: str
    reply: Reply | None = None
    dialog: tuple[str, ...] = ()
