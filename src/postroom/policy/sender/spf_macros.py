"""What does a domain with macros stand for, for this mail (RFC 7208 §7)?"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

_MACRO = re.compile(r"%(?:\{(?P<letter>[a-zA-Z])(?P<digits>\d*)(?P<reverse>r?)(?P<marks>[-.+,/_=]*)\}|(?P<sign>[%_-]))")
_SIGNS = {"%": "%", "_": " ", "-": "%20"}
_MAX_NAME = 253


@dataclass(frozen=True, slots=True)
class Client:
    """Who hands in a mail: address, greeting, and the envelope's `sender` (postmaster at the greeting for <>)."""

    address: IPv4Address | IPv6Address
    helo: str
    sender: str


def expand(text: str, client: Client, domain: str) -> str:
    """The name that is meant while the record of `domain` is judged; too long ones lose labels from the left (§7.3)."""
    expanded = _MACRO.sub(lambda match: _expand_one(match, client, domain), text).rstrip(".")
    while len(expanded) > _MAX_NAME:
        _, _, expanded = expanded.partition(".")
    return expanded.lower()


def _expand_one(match: re.Match[str], client: Client, domain: str) -> str:
    if match["sign"]:
        return _SIGNS[match["sign"]]
    value = _value(match["letter"].lower(), client, domain)
    parts = re.split(f"[{re.escape(match['marks'] or '.')}]", value)
    if match["reverse"]:
        parts.reverse()
    if digits := int(match["digits"] or 0):
        parts = parts[-digits:]
    joined = ".".join(parts)
    return quote(joined, safe="") if match["letter"].isupper() else joined


def _value(letter: str, client: Client, domain: str) -> str:
    local, _, sender_domain = client.sender.rpartition("@")
    values = {
        "s": client.sender,
        "l": local or "postmaster",
        "o": sender_domain,
        "d": domain,
        "i": _dotted(client.address),
        "p": "unknown",  # §7.3 lets it be, as PTR is not to be asked any more
        "v": "in-addr" if client.address.version == 4 else "ip6",
        "h": client.helo,
    }
    return values.get(letter, "unknown")


def _dotted(address: IPv4Address | IPv6Address) -> str:
    return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))
