"""Whom does flufl.bounce, Mailman's reader, find in a bounce in which our own found nobody?

It knows some formats of single sites. It is somebody else's code for other people's mail: what it raises and what it
cannot know stays here, and it gets no more text than it reads in a moment (some of its patterns are quadratic).
"""

from collections.abc import Collection
from email import message_from_bytes

from flufl.bounce import scan_message

from postroom.rfc.dsn import read_typed_address

MAX_OCTETS = 16 * 1024
MAX_LINES = 400
MAX_LINE = 200
MAX_ADDRESSES = 20


def find_addresses(head: bytes, text: str, *, excluded: Collection[str]) -> list[str]:
    """The failed recipients by the head of a mail and its text; `excluded` are lower-case addresses it may not name."""
    lines = (line[:MAX_LINE] for line in text.encode("utf-8", "replace").split(b"\n")[:MAX_LINES])
    raw = head[:MAX_OCTETS] + b"\r\n" + b"\n".join(lines)[:MAX_OCTETS]
    try:
        found = scan_message(message_from_bytes(raw))
    except Exception:  # noqa: BLE001 - whatever it stumbles over, the mail stays a bounce without recipients
        return []
    addresses = (read_typed_address(octets.decode("ascii", "replace")) for octets in found)
    kept = {address for address in addresses if address and _is_plausible(address) and address.lower() not in excluded}
    return sorted(kept) if len(kept) <= MAX_ADDRESSES else []


def _is_plausible(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return "." in domain and address.isascii() and not any(char in local for char in "<>()[],;: ")
