"""What does this server offer in its EHLO reply (RFC 5321 §4.1.1.1)?"""

from collections.abc import Collection
from dataclasses import dataclass

from postroom.rfc.reply import Reply


@dataclass(frozen=True, slots=True)
class Extensions:
    """The offered extensions that matter to a sending client. `size_limit` is in octets, 0 when none is declared."""

    pipelining: bool = False  # RFC 2920
    chunking: bool = False  # RFC 3030
    eight_bit: bool = False  # RFC 6152
    smtputf8: bool = False  # RFC 6531
    dsn: bool = False  # RFC 3461
    starttls: bool = False  # RFC 3207
    size: bool = False  # RFC 1870
    size_limit: int = 0
    auth: tuple[str, ...] = ()  # RFC 4954


def read_extensions(reply: Reply, avoid: Collection[str] = ()) -> Extensions:
    """The offer without the keywords to `avoid`; unknown keywords and odd parameters are passed over."""
    offered: dict[str, list[str]] = {}
    for line in reply.lines[1:]:
        # "AUTH=LOGIN PLAIN" is how servers wrote it before RFC 2554; some still send both forms.
        keyword, *parameters = line.upper().replace("AUTH=", "AUTH ", 1).split() or [""]
        offered.setdefault(keyword, []).extend(parameters)
    for keyword in avoid:
        offered.pop(keyword.upper(), None)
    limit = "".join(offered.get("SIZE", ())[:1])
    return Extensions(
        pipelining="PIPELINING" in offered,
        chunking="CHUNKING" in offered,
        eight_bit="8BITMIME" in offered,
        smtputf8="SMTPUTF8" in offered,
        dsn="DSN" in offered,
        starttls="STARTTLS" in offered,
        size="SIZE" in offered,
        size_limit=int(limit) if limit.isascii() and limit.isdigit() else 0,
        auth=tuple(dict.fromkeys(offered.get("AUTH", ()))),
    )
