"""Which mailboxes does this address text name, and how is a mailbox written?

RFC 5322 §3.4 with the obsolete forms of §4.4 and the Unicode of RFC 6532; lengths by RFC 5321 §4.5.3.1. Stricter than
the grammar in three places, because such mail is never meant: line breaks and other controls are refused everywhere
(unfold a header field first), so are an empty local part and white space other than a blank in one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from postroom.errors import AddressError
from postroom.rfc.domain import LABEL, domain_to_ascii, domain_to_unicode
from postroom.rfc.encoded_word import decode_encoded_words

__all__ = ["Mailbox", "domain_to_ascii", "domain_to_unicode", "format_mailbox", "parse_mailbox", "parse_mailboxes"]

MAX_LOCAL_OCTETS = 64  # RFC 5321 §4.5.3.1.1
MAX_ADDRESS_OCTETS = 254  # a path has 256 with its angle brackets, §4.5.3.1.3

_ASCII_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_ATEXT = rf"{_ASCII_ATEXT}\u0080-\U0010ffff"
_DOT_ATOM = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*")
# U+2028 and U+2029 break lines for many readers; a surrogate cannot be written in UTF-8.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ODD_SPACE = re.compile(r"[^\S ]")

# What nearly all addresses look like, read in one step: ASCII addr-spec, with or without a plain or quoted name.
_PLAIN = r"\w!#$%&'*+/^`{|}~\-"  # atext without "=" and "?", so no encoded word
_ORDINARY = re.compile(
    rf"""(?:(?:"(?P<quoted>[^"\\]*)"|(?P<plain>[{_PLAIN}]+(?:[ ][{_PLAIN}]+)*))?[ ]?(?P<angle><))?
    (?P<local>[{_ASCII_ATEXT}]+(?:\.[{_ASCII_ATEXT}]+)*)@(?P<domain>{LABEL}(?:\.{LABEL})*)(?(angle)>)""",
    re.VERBOSE,
)

_ENCODED_WORD = r"=\?[^?\s]+\?[BbQq]\?[^?\s]*\?="
_TOKEN = re.compile(
    rf"""(?P<space>[ \t]+)
    |(?P<encoded>{_ENCODED_WORD}(?:[ \t]+{_ENCODED_WORD})*(?=[ \t(<,:;]|$))
    |(?P<atom>[{_ATEXT}]+)
    |"(?P<quoted>(?:[^"\\]|\\.)*)"
    |(?P<literal>\[[^\[\]\\]*\])
    |(?P<special>[.@<>:;,])""",
    re.VERBOSE,
)
_COMMENT_MARK = re.compile(r"\\.|[()]")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One correspondent (RFC 5322 §3.4).

    `name` is the decoded display name, "" when none; `local` the unquoted local part, case kept, Unicode allowed
    (SMTPUTF8); `domain` A-labels in lower case or a domain literal.
    """

    name: str
    local: str
    domain: str

    @property
    def address(self) -> str:
        """The addr-spec, `local@domain`, with the local part quoted where it must be."""
        return f"{_quote_local(self.local)}@{self.domain}"


def parse_mailbox(text: str) -> Mailbox:
    """The one mailbox in `text`; AddressError when there is none, more than one, or something else."""
    ordinary = _parse_ordinary(text)
    if ordinary:
        return ordinary
    mailboxes = parse_mailboxes(text)
    if len(mailboxes) != 1:
        raise _refusal(text, "holds several addresses" if mailboxes else "holds no address")
    return mailboxes[0]


def parse_mailboxes(text: str) -> tuple[Mailbox, ...]:
    """Every mailbox of an address list, those in groups included, in order; () for an empty list or group.

    Raises AddressError when any of them cannot be read: to drop one silently would lose mail.
    """
    ordinary = _parse_ordinary(text)
    if ordinary:
        return (ordinary,)
    if _CONTROL.search(text):
        raise _refusal(text, "holds a line break or another control character")
    return tuple(_Parser(text).read_list())


def format_mailbox(mailbox: Mailbox) -> str:
    """`"Mary" <mary@customer.example.com>` in Unicode, the name always quoted; the bare addr-spec without a name.

    Raises AddressError for a mailbox, however made, that holds a line break or another control character.
    """
    text = mailbox.address
    if mailbox.name:
        text = f"{_quote(mailbox.name)} <{text}>"
    if _CONTROL.search(text):
        raise _refusal(text, "holds a line break or another control character")
    return text


def _parse_ordinary(text: str) -> Mailbox | None:
    match = _ORDINARY.fullmatch(text)
    if match is None:
        return None
    quoted, plain, _, local, domain = match.groups()
    name = quoted or plain or ""
    if len(local) > MAX_LOCAL_OCTETS or len(local) + len(domain) >= MAX_ADDRESS_OCTETS or _CONTROL.search(name):
        return None
    return Mailbox(name, local, domain.lower())


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quote_local(local: str) -> str:
    return local if _DOT_ATOM.fullmatch(local) else _quote(local)


def _refusal(text: str, why: str) -> AddressError:
    shown = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text[:100])
    message = f'“{shown}” {why}; write an address as name@example.com or "Name" <name@example.com>.'
    return AddressError(message, text=text)


class _Token(NamedTuple):
    kind: str  # encoded, atom, quoted, literal, or the special character itself; "" at the end
    text: str
    is_spaced: bool  # white space or a comment stands before it


def _tokenize(text: str) -> Iterator[_Token]:
    position, is_spaced = 0, False
    while position < len(text):
        if text[position] == "(":
            position, is_spaced = _skip_comment(text, position), True
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refusal(text, f"cannot be read from “{text[position : position + 20]}” on")
        position, kind = match.end(), str(match.lastgroup)
        if kind != "space":
            value = match[kind]
            yield _Token(value if kind == "special" else kind, value, is_spaced)
        is_spaced = kind == "space"
    yield _Token("", "", is_spaced)


def _skip_comment(text: str, start: int) -> int:
    """The position after the comment that opens at `start`; comments nest (§3.2.2)."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if depth == 0:
            return mark.end()
    raise _refusal(text, "has a bracket “(” that is never closed")


class _Parser:
    """Recursive descent over the tokens; each `read_` method is one rule of RFC 5322 §3.4 and §4.4."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokenize(text.strip()))
        self.index = 0

    def read_list(self) -> Iterator[Mailbox]:
        """address-list and obs-addr-list: members may be empty."""
        while self.next_kind:
            if not self.skip(","):
                yield from self.read_address()
                if self.next_kind:
                    self.expect(",")

    def read_address(self) -> Iterator[Mailbox]:
        words = self.read_words()
        if self.skip(":"):
            yield from self.read_group()
        else:
            yield self.read_mailbox(words)

    def read_group(self) -> Iterator[Mailbox]:
        """What follows the colon: group-list and obs-group-list, to the semicolon."""
        while not self.skip(";"):
            if not self.skip(","):
                yield self.read_mailbox(self.read_words())
                if self.next_kind != ";":
                    self.expect(",")

    def read_mailbox(self, words: list[_Token]) -> Mailbox:
        """name-addr or addr-spec; `words` were read already, and are the name or the local part."""
        if not self.skip("<"):
            return self.read_addr_spec(words, name="")
        self.skip_route()
        mailbox = self.read_addr_spec(self.read_words(), name=self.join_phrase(words))
        self.expect(">")
        return mailbox

    def skip_route(self) -> None:
        """obs-route, `@relay.example,@other.example:`, to be ignored (§4.4)."""
        if self.next_kind not in ("@", ","):
            return
        while not self.skip(":"):
            if not self.skip(","):
                self.expect("@")
                self.read_domain()

    def read_addr_spec(self, words: list[_Token], *, name: str) -> Mailbox:
        """addr-spec after its local part, which `words` are."""
        if not self.skip("@"):
            raise _refusal(self.text, "is not an e-mail address")
        mailbox = Mailbox(name, self.join_local(words), self.read_domain())
        if len(_quote_local(mailbox.local).encode()) > MAX_LOCAL_OCTETS:
            raise _refusal(self.text, f"has more than {MAX_LOCAL_OCTETS} characters before an “@”")
        if len(mailbox.address.encode()) > MAX_ADDRESS_OCTETS:
            raise _refusal(self.text, f"has an address of more than {MAX_ADDRESS_OCTETS} characters")
        return mailbox

    def read_words(self) -> list[_Token]:
        """Words and dots up to the next other token: a phrase or a local part, which one shows only then."""
        start = self.index
        while self.next_kind in ("encoded", "atom", "quoted", "."):
            self.index += 1
        return self.tokens[start : self.index]

    def read_domain(self) -> str:
        """domain and obs-domain: a literal, or atoms with dots between them."""
        start = self.index
        while self.next_kind in ("atom", "literal", "."):
            self.index += 1
        parts = self.tokens[start : self.index]
        if not _alternates(parts):
            raise _refusal(self.text, "has no proper domain after an “@”")
        return domain_to_ascii("".join(part.text for part in parts))

    def join_local(self, words: list[_Token]) -> str:
        """local-part and obs-local-part: words with dots between them, without their quotes."""
        local = "".join(_read_word(word) for word in words)
        if not local or not _alternates(words) or _ODD_SPACE.search(local):
            raise _refusal(self.text, "has no proper name before an “@”")
        return local

    def join_phrase(self, words: list[_Token]) -> str:
        """phrase and obs-phrase as a person reads them."""
        name = "".join(" " * word.is_spaced + _read_word(word) for word in words)
        if _CONTROL.search(name):
            raise _refusal(self.text, "hides a line break or another control character in a name")
        return name[1:] if words and words[0].is_spaced else name

    @property
    def next_kind(self) -> str:
        return self.tokens[self.index].kind

    def skip(self, special: str) -> bool:
        is_next = self.next_kind == special
        self.index += is_next
        return is_next

    def expect(self, special: str) -> None:
        if not self.skip(special):
            found = self.tokens[self.index].text or "the end"
            raise _refusal(self.text, f"has “{found}” where “{special}” is expected")


def _read_word(word: _Token) -> str:
    if word.kind == "encoded":
        return decode_encoded_words(word.text)
    return re.sub(r"\\(.)", r"\1", word.text) if word.kind == "quoted" else word.text


def _alternates(parts: list[_Token]) -> bool:
    """Whether these are words with single dots between them."""
    return len(parts) % 2 == 1 and all((part.kind == ".") == (index % 2 == 1) for index, part in enumerate(parts))
