"""How is a header field written so that every mail program reads it back as it was meant?

RFC 5322 §2.2 and §3, RFC 2047 (encoded words), RFC 2231 (parameters), RFC 6532 (UTF-8, for addresses only). Every
function takes the field's name and answers the whole field with its CRLFs, or raises HeaderError: for a line break or
another control character (header injection), a lone surrogate, a malformed name, or a line that cannot be made to fit.
"""

import re
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import quote

from postroom.errors import HeaderError
from postroom.rfc.address import Mailbox

# RFC 5322 §2.1.1 asks for 78, RFC 2047 §2 for 76 where encoded words stand: the smaller serves both.
_FOLD_AT = 76
_MAX_LINE_OCTETS = 998
# A longer word could not be sent as it is, since the name may stand on the same line.
_MAX_PLAIN_WORD = 900
_MAX_QUOTED_NAME = 60
_WORD_OVERHEAD = len("=?utf-8?q??=")
_MAX_ENCODED_WORD = 75
# However long the field's name, the first encoded word holds one character of four octets.
_MIN_ENCODED_WORD = 24

_MINUTE = timedelta(minutes=1)

_NAME = re.compile(r"[!-9;-~]{1,76}")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_SPACED_WORD = re.compile(r"[ \t]+[^ \t]+")
# From the first character that cannot stand as it is through the word of the last one.
_ODD_RUN = re.compile(r"(?:[^\t -~]|=\?)(?:.*(?:[^\t -~]|=\?))?[^ ]*")
_PLAIN_PARAMETER = re.compile(r"[!#-\[\]-~](?:[ !#-\[\]-~]*[!#-\[\]-~])?|")
# RFC 2047 §5(3): the only octets that a Q word may hold as they are in a display name; used everywhere.
_Q_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
_Q_OCTETS = [chr(octet) if octet in _Q_SAFE else "_" if octet == 0x20 else f"={octet:02X}" for octet in range(256)]


def encode_text(name: str, value: str) -> bytes:
    """An unstructured field such as Subject; words that are ASCII stay as they are, whatever their length up to 900."""
    _check_name(name)
    room = _FOLD_AT - len(name) - 2
    text = value
    if not _is_plain(value):
        _check_text(name, value)
        text = _encode_odd_words(value, room=room)
    if len(text) <= room:
        return f"{name}: {text}\r\n".encode()
    words = _SPACED_WORD.findall(" " + text)
    if max(map(len, words)) > _MAX_PLAIN_WORD:
        words = _spaced(_encode_words(value, room=room))
    return _fold(name, words)


def encode_mailboxes(name: str, mailboxes: Iterable[Mailbox]) -> bytes:
    """An address field such as From or To; at least one mailbox.

    A local part outside ASCII is written as UTF-8, which makes it an internationalized message: `needs_smtputf8`.
    """
    _check_name(name)
    words: list[str] = []
    for mailbox in mailboxes:
        _check_text(name, mailbox.name + mailbox.local + mailbox.domain)
        if words:
            words[-1] += ","
        words += _mailbox_words(mailbox, room=_MAX_ENCODED_WORD if words else _FOLD_AT - len(name) - 2)
    if not words:
        raise HeaderError(f"The field {name} needs at least one address; leave it out instead.", field=name)
    return _fold(name, words)


def encode_identifiers(name: str, identifiers: Iterable[str]) -> bytes:
    """Message-ID, References, In-Reply-To, Content-ID: `<left@right>` each, at least one.

    An identifier is never folded, encoded, or moved from the first line: peers that replace or lose such a one break
    the thread. Those that do not fit one line stand on a line each.
    """
    _check_name(name)
    words = list(identifiers)
    line = " ".join(words)
    _check_text(name, line)
    if not words or line.split() != words:
        raise HeaderError(f"The field {name} needs identifiers without blanks, such as <id@example.com>.", field=name)
    if len(name) + len(line) > _FOLD_AT - 2:
        line = "\r\n ".join(words)
    return _within_limit(name, f"{name}: {line}\r\n".encode())


def encode_parameters(name: str, value: str, parameters: Mapping[str, str]) -> bytes:
    """`Content-Type: value; key="text"` and the like.

    Text beyond plain ASCII, or too long for a line, is written `key*=utf-8''…` (RFC 2231 §4), if need be in sections.
    """
    _check_name(name)
    _check_text(name, value + "".join(parameters.values()))
    words = [f" {value}"]
    for key, text in parameters.items():
        words[-1] += ";"
        words += _parameter_words(key, text)
    return _fold(name, words)


def encode_date(name: str, moment: datetime) -> bytes:
    """A date field (RFC 5322 §3.3); `moment` must be aware."""
    _check_name(name)
    offset = moment.utcoffset()
    if offset is None:
        raise HeaderError(f"The field {name} needs a time with its offset from UTC.", field=name)
    weekday, month, day, clock, year = moment.ctime().split()  # English whatever the locale, which strftime follows
    return f"{name}: {weekday}, {day.zfill(2)} {month} {year} {clock} {_format_offset(offset)}\r\n".encode()


@lru_cache(maxsize=64)
def _format_offset(offset: timedelta) -> str:
    hours, minutes = divmod(abs(offset) // _MINUTE, 60)
    return f"{'-' if offset.days < 0 else '+'}{hours:02}{minutes:02}"


@lru_cache(maxsize=256)  # few names, each written thousands of times
def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise HeaderError(f"{name[:80]!a} is not a header field name; use up to 76 letters, digits and hyphens.")


def _check_text(name: str, text: str) -> None:
    if not text.isprintable() and (unfit := _FORBIDDEN.search(text)):
        raise HeaderError(
            f"The field {name} holds a line break or another control character ({unfit[0]!a}); send it without.",
            field=name,
        )


def _is_plain(text: str) -> bool:
    """Whether `text` reads back as it stands: printable ASCII, no blank at its ends, nothing like an encoded word."""
    return text.isascii() and text.isprintable() and "=?" not in text and text == text.strip()


def _fold(name: str, words: Sequence[str]) -> bytes:
    """Lines of up to 76 characters where the words allow it; each word brings its white space before it.

    The first word stays beside the name: a name alone on its line upsets old servers.
    """
    whole = f"{name}:{''.join(words)}"
    if len(whole) <= _FOLD_AT:
        return f"{whole}\r\n".encode()
    lines: list[str] = []
    line = f"{name}:"
    for index, word in enumerate(words):
        if index and len(line) + len(word) > _FOLD_AT:
            lines.append(line)
            line = word
        else:
            line += word
    return _within_limit(name, "\r\n".join([*lines, line, ""]).encode())


def _within_limit(name: str, field: bytes) -> bytes:
    if len(field) > _MAX_LINE_OCTETS and max(map(len, field.split(b"\r\n"))) > _MAX_LINE_OCTETS:
        raise HeaderError(f"The field {name} holds a word too long for a line of 998 octets; shorten it.", field=name)
    return field


def _encode_odd_words(value: str, *, room: int) -> str:
    """The text, from the first to the last word that must be encoded as one run of encoded words.

    One run, because white space between two of them would be lost (RFC 2047 §6.2).
    """
    if value != value.strip(" \t"):
        return " ".join(_encode_words(value, room=room))
    odd = _ODD_RUN.search(value)
    if not odd:
        return value
    start, end = value.rfind(" ", 0, odd.start()) + 1, odd.end()
    encoded = " ".join(_encode_words(value[start:end], room=_MAX_ENCODED_WORD if start else room))
    return value[:start] + encoded + value[end:]


def _mailbox_words(mailbox: Mailbox, *, room: int) -> list[str]:
    if not mailbox.name:
        return [f" {mailbox.address}"]
    if len(mailbox.name) <= _MAX_QUOTED_NAME and _is_plain(mailbox.name):
        escaped = mailbox.name.replace("\\", "\\\\").replace('"', '\\"')
        return [f' "{escaped}"', f" <{mailbox.address}>"]
    return [*_spaced(_encode_words(mailbox.name, room=room)), f" <{mailbox.address}>"]


def _spaced(words: list[str]) -> list[str]:
    return [f" {word}" for word in words]


def _encode_words(text: str, *, room: int) -> list[str]:
    """Encoded words of up to 75 characters, the first of up to `room`; Q or B, whichever is shorter for the whole."""
    first, rest = max(room, _MIN_ENCODED_WORD) - _WORD_OVERHEAD, _MAX_ENCODED_WORD - _WORD_OVERHEAD
    octets = text.encode()
    quoted = _q_encode(octets)
    if len(quoted) <= (len(octets) + 2) // 3 * 4:
        if len(quoted) <= first:
            return [f"=?utf-8?q?{quoted}?="]
        parts = _split(text, width=lambda char: len(_q_encode(char.encode())), first=first, rest=rest)
        return [f"=?utf-8?q?{_q_encode(part.encode())}?=" for part in parts]
    parts = _split(text, width=lambda char: len(char.encode()), first=first // 4 * 3, rest=rest // 4 * 3)
    return [f"=?utf-8?b?{b2a_base64(part.encode(), newline=False).decode()}?=" for part in parts]


def _q_encode(octets: bytes) -> str:
    return "".join([_Q_OCTETS[octet] for octet in octets])


def _split(text: str, *, width: Callable[[str], int], first: int, rest: int) -> Iterator[str]:
    """Pieces of whole characters (RFC 2047 §5), as many in each as its width allows."""
    start, left = 0, first
    for index, char in enumerate(text):
        left -= width(char)
        if left < 0:
            yield text[start:index]
            start, left = index, rest - width(char)
    yield text[start:]


def _parameter_words(key: str, text: str) -> list[str]:
    plain = f' {key}="{text}"'
    if len(plain) < _FOLD_AT and "=?" not in text and _PLAIN_PARAMETER.fullmatch(text):
        return [plain]
    whole = f" {key}*=utf-8''{_percent(text)}"
    if len(whole) < _FOLD_AT:
        return [whole]
    room = _FOLD_AT - len(f" {key}*00*=utf-8'';")
    sections = list(_split(text, width=lambda char: len(_percent(char)), first=room, rest=room))
    words = [f" {key}*{index}*={_percent(section)};" for index, section in enumerate(sections)]
    words[0] = f" {key}*0*=utf-8''{_percent(sections[0])};"
    words[-1] = words[-1][:-1]
    return words


def _percent(text: str) -> str:
    """Everything but attribute-char (RFC 2231 §7) in percent signs."""
    return quote(text, safe="!#$&+^`{|}")
