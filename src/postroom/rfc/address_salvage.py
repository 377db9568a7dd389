"""Which addresses can be told from this field of received mail, when it may break every rule?

`rfc.address` refuses a list in which one address is broken, for to drop one silently would lose mail. Here nothing is
sent: what can be told is told.
"""

import re
from collections.abc import Iterator

from postroom.errors import AddressError
from postroom.rfc.address import Mailbox, parse_mailboxes
from postroom.rfc.encoded_word import decode_encoded_words

_PIECE = re.compile(r'(?:[^",;<]+|"[^"]*"|<[^<>]*>|["<])+?(?=[,;]|$)')
_ANGLE = re.compile(r"<\s*(?:mailto:)?([^<>\s@]+@[^<>\s@,;]+)[^<>]*>")
_ATOM = r"[^\s<>()\[\]\",;:'@]"
_BARE = re.compile(rf"(?<!{_ATOM}){_ATOM}+@{_ATOM}+")
_MAX_LENGTH = 65_536


def salvage_mailboxes(text: str) -> tuple[Mailbox, ...]:
    """The mailboxes of an address list, in order; () when there is none to be found. Nothing raises."""
    text = text[:_MAX_LENGTH]
    try:
        return parse_mailboxes(text)
    except AddressError:
        return tuple(mailbox for piece in _split(text) for mailbox in _salvage_piece(piece))


def _split(text: str) -> list[str]:
    """The text between commas and semicolons that stand in no quotes; all of them count when quotes are not closed."""
    if text.count('"') % 2:
        return re.split(r"[,;]", text)
    return [piece.group() for piece in _PIECE.finditer(text)]


def _salvage_piece(piece: str) -> Iterator[Mailbox]:
    try:
        yield from parse_mailboxes(piece)
    except AddressError:
        yield from _find_in(piece) or _find_in(decode_encoded_words(piece))


def _find_in(piece: str) -> list[Mailbox]:
    found = _ANGLE.search(piece)
    address = found[1] if found else next(iter(_BARE.findall(piece)), "")
    local, at, domain = address.rpartition("@")
    if not at:
        return []
    name = decode_encoded_words(piece[: found.start()] if found else "").strip("\"' ")
    return [Mailbox(name, local.strip("\"'"), domain.strip(".'\"").lower())]
