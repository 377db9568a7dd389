"""What does this server offer in its EHLO reply (RFC 5321 §4.1.1.1)?"""

from collections.abc import Collection
from dataclasses import dataclass

from postroom.rfc.reply import Reply


@dataclass(frozen=True, slots=True)
class Extensions:
    """The offered extensions that matter to a sending client.

    `size_limit` is in octets, `max_messages` of a connection, `max_recipients` of a transaction; 0 when not declared.
    """

    pipelining: bool = False  # RFC 2920
    chunking: bool = False  # RFC 3030
    eight_bit: bool = False  # RFC 6152
    smtputf8: bool = False  # RFC 6531
    dsn: bool = False  # RFC 3461
    starttls: bool = False  # RFC 3207
    size: bool = False  # RFC 1870
    size_limit: int = 0
    auth: tuple[str, ...] = ()  # RFC 4954
    max_messages: int = 0  # RFC 9422
    max_recipients: int = 0


def read_extensions(reply: Reply, avoid: Collection[str] = ()) -> Extensions:
    """The offer without the keywords to `avoid`; unknown keywords and odd parameters are passed over."""
    offered: dict[str, list[str]] = {}
    for line in reply.lines[1:]:
        # "AUTH=LOGIN PLAIN" is how servers wrote it before RFC 2554; some still send both forms.
        keyword, *parameters = line.upper().replace("AUTH=", "AUTH ", 1).split() or [""]
        offered.setdefault(keyword, []).extend(parameters)
    for keyword in avoid:
        offered.pop(keyword.upper(), None)
    limits = dict(limit.partition("=")[::2] for limit in offered.get("LIMITS", ()))
    return Extensions(
        pipelining="PIPELINING" in offered,
        chunking="CHUNKING" in offered,
        eight_bit="8BITMIME" in offered,
        smtputf8="SMTPUTF8" in offered,
        dsn="DSN" in offered,
        starttls="STARTTLS" in offered,
        size="SIZE" in offered,
        size_limit=_number("".join(offered.get("SIZE", ())[:1])),
        auth=tuple(dict.fromkeys(offered.get("AUTH", ()))),
        max_messages=_number(limits.get("MAILMAX", "")),
        max_recipients=_number(limits.get("RCPTMAX", "")),
    )


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdigit() else 0
