"""Which octets does this body part hold once its Content-Transfer-Encoding is undone (RFC 2045 §6)?

What cannot be decoded stays as it is: a person can still read what a strict reader would throw away. Nothing raises.
"""

import re
from binascii import Error, a2b_base64, a2b_qp, a2b_uu
from collections.abc import Iterator
from itertools import islice

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_MAX_BLOCKS = 10_000  # no sender joins as many
_BLOCK = re.compile(rb"([^=]+)=*\s*")
# A boundary line that belongs to nothing: "-" is no letter of base64.
_STRAY_BOUNDARY = re.compile(rb"^--\S", re.MULTILINE)
_LINE_WITH_BLANK = re.compile(rb"^[ \t]*(?:[^\s=]+[ \t]+[^\s=][^\n]*|--[ \t\r]*|__[^\n]*)$", re.MULTILINE)
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/=\s]{40,}")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} +(.+?)[ \t\r]*$", re.MULTILINE)


def undo_transfer_encoding(body: bytes, encoding: str) -> bytes:
    """The decoded octets; `encoding` in lower case. Unknown encodings are taken for 8bit."""
    if encoding == "quoted-printable":
        return a2b_qp(body)
    if encoding in ("base64", "b", "x-base64"):
        return _decode_base64(body)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        begin = _UU_BEGIN.search(body)
        return decode_uu(body[begin.end() :] if begin else body)
    return body


def decode_uu(lines: bytes) -> bytes:
    """The octets of uuencoded lines, up to `end` or the first line that is none."""
    return b"".join(_uu_lines(lines))


def _uu_lines(lines: bytes) -> Iterator[bytes]:
    for line in lines.lstrip(b"\r\n").splitlines():
        if line.strip() in (b"end", b"`", b""):
            return
        try:
            yield a2b_uu(line)
        except Error:
            # Encoders that put too much at the end of a line (RFC has none; Python bug 1448060).
            yield _shortened_uu(line)


def _shortened_uu(line: bytes) -> bytes:
    octets = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return a2b_uu(line[:octets])
    except Error:
        return b""


def _decode_base64(body: bytes) -> bytes:
    """Base64 with anything between its letters; text that never was base64 stays.

    Blocks that were encoded one by one and then joined are all decoded. What a mailing list put below in plain text
    stays plain text.
    """
    boundary = _STRAY_BOUNDARY.search(body)
    end = boundary.start() if boundary else len(body)
    words = next((line.start() for line in _LINE_WITH_BLANK.finditer(body) if not _BASE64_LINE.fullmatch(line[0])), end)
    blocks = islice(_BLOCK.finditer(body[: min(words, end)]), _MAX_BLOCKS)
    return b"".join([_decode_block(block[1]) for block in blocks]) + body[words:end]


def _decode_block(block: bytes) -> bytes:
    letters = block.translate(None, _NOT_BASE64)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]  # one letter alone is less than an octet
    return a2b_base64(letters + b"=" * (-len(letters) % 4))
