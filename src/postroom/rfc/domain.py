"""How is this domain written in mail (A-labels), and how do people read it (U-labels)?"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

from postroom.errors import AddressError

# Letters, digits and hyphens (RFC 5321 §4.1.2); a label has at most 63 octets (RFC 1035 §2.3.4).
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
_LITERAL = re.compile(r"\[\s*(?:(ipv6:)\s*)?([0-9A-Fa-f.:]+)\s*\]", re.IGNORECASE)
MAX_OCTETS = 255  # RFC 5321 §4.5.3.1.2


def domain_to_ascii(text: str) -> str:
    """The domain as A-labels in lower case: `"MÜNCHEN.example"` becomes `"xn--mnchen-3ya.example"`.

    Unicode is mapped by UTS #46 (non-transitional: ß stays ß). One trailing dot, the DNS root, is dropped. A domain
    literal (RFC 5321 §4.1.3) keeps its brackets: `"[192.0.2.1]"`, `"[ipv6:2001:db8::1]"`.
    Raises AddressError for what is none of these.
    """
    if text.startswith("["):
        return _normalise_literal(text)
    ascii_text = text if text.isascii() else _encode_idn(text)
    ascii_text = ascii_text.removesuffix(".")
    if len(ascii_text) > MAX_OCTETS:
        raise AddressError(f"The domain has more than {MAX_OCTETS} characters; no mail server takes it.", text=text)
    # A-labels are not decoded here: mail reaches a domain that no current IDNA table allows (emoji) all the same.
    if not _HOST_NAME.fullmatch(ascii_text):
        raise _refusal(text)
    return ascii_text.lower()


def domain_name_to_ascii(text: str) -> str:
    """As `domain_to_ascii`, of a name that DNS can hold records for: AddressError for an IP address too."""
    name = domain_to_ascii(text)
    if name.startswith("[") or name.rpartition(".")[2].isdigit():  # no top-level domain is a number, RFC 3696 §2
        raise AddressError(f"“{name}” is an IP address; give a domain, like company-name.com.", text=text)
    return name


@lru_cache(maxsize=4096)  # decoding one takes longer than the whole decision that shows it
def domain_to_unicode(text: str) -> str:
    """The domain as people read it: `"xn--mnchen-3ya.example"` becomes `"münchen.example"`.

    Stays in A-labels where the Unicode form would not lead back to the same domain. Raises AddressError as
    `domain_to_ascii` does.
    """
    ascii_text = domain_to_ascii(text)
    if "xn--" not in ascii_text:
        return ascii_text
    return ".".join(_decode_label(label) for label in ascii_text.split("."))


def _encode_idn(text: str) -> str:
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise _refusal(text) from error


def _decode_label(label: str) -> str:
    try:
        unicode_label = idna.ulabel(label)
        return unicode_label if domain_to_ascii(unicode_label) == label else label
    except (idna.IDNAError, UnicodeError, AddressError):
        return label


def _normalise_literal(text: str) -> str:
    match = _LITERAL.fullmatch(text)
    try:
        if match and match[1]:
            return f"[ipv6:{IPv6Address(match[2])}]"
        if match:
            return f"[{IPv4Address(match[2])}]"
    except AddressValueError:
        pass
    raise _refusal(text)


def _refusal(text: str) -> AddressError:
    shown = text[:80].encode(errors="replace").decode()
    return AddressError(f"“{shown}” is not a domain; write it like company-name.com.", text=text)
