"""What do the RFC 2047 encoded words in this text say?"""

import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Sequence
from itertools import groupby

from postroom.rfc.charset import find_codec

# RFC 2047 §2, with the language tag of RFC 2231 §5 ("=?utf-8*en?Q?…?="), which is dropped.
_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?\s]*)\?=")
# White space between two encoded words is not part of the text (§6.2).
_RUN = re.compile(rf"{_WORD.pattern}(?:\s+{_WORD.pattern})*")


def decode_encoded_words(text: str) -> str:
    """The text with every encoded word decoded, in linear time.

    Words in an unknown character set are taken for UTF-8; if they are none, they stay as they are, and so do those with
    broken base64. A wrong byte becomes U+FFFD: received mail must stay readable whatever its sender got wrong. The
    result may hold line breaks and other controls.
    """
    return _RUN.sub(lambda run: _decode_run(run[0]), text) if "=?" in text else text


def _decode_run(run: str) -> str:
    """Neighbours in one character set are joined as bytes: many senders cut a character in two (against §5)."""
    pieces = []
    for charset, neighbours in groupby(_WORD.finditer(run), key=lambda word: word[1].lower()):
        words = list(neighbours)
        codec = find_codec(charset)
        try:
            pieces.append(_decode_words(words, codec) if codec else _octets_of(words).decode())
        except ValueError:
            pieces.append(_as_they_are(words))
    return "".join(pieces)


def _as_they_are(words: Sequence[re.Match[str]]) -> str:
    return " ".join(word[0] for word in words)


def _decode_words(words: Sequence[re.Match[str]], codec: str) -> str:
    """What the words say; ValueError for broken base64.

    A letter beyond ASCII, which no encoded word may hold, is either an octet in the word's own character set, which
    whoever read the field took for ISO 8859-1, or was UTF-8 there and is the very letter that is meant.
    """
    try:
        return _octets_of(words).decode(codec)
    except UnicodeError:
        return b"".join([_octets(word[2], word[3].encode(codec)) for word in words]).decode(codec, "replace")


def _octets_of(words: Sequence[re.Match[str]]) -> bytes:
    return b"".join([_octets(word[2], word[3].encode("latin-1")) for word in words])


def _octets(encoding: str, encoded: bytes) -> bytes:
    if encoding in "Qq":
        return a2b_qp(encoded, header=True)
    return a2b_base64(encoded + b"=" * (-len(encoded) % 4))
