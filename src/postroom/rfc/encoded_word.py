"""What do the RFC 2047 encoded words in this text say?"""

import re
from binascii import a2b_base64, a2b_qp
from itertools import groupby

# RFC 2047 §2, with the language tag of RFC 2231 §5 ("=?utf-8*en?Q?…?="), which is dropped.
_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?\s]*)\?=")
# White space between two encoded words is not part of the text (§6.2).
_RUN = re.compile(rf"{_WORD.pattern}(?:\s+{_WORD.pattern})*")


def decode_encoded_words(text: str) -> str:
    """The text with every encoded word decoded.

    Words in an unknown character set or with broken base64 stay as they are and a wrong byte becomes U+FFFD: received
    mail must stay readable whatever its sender got wrong. The result may hold line breaks and other controls.
    """
    return _RUN.sub(lambda run: _decode_run(run[0]), text) if "=?" in text else text


def _decode_run(run: str) -> str:
    """Neighbours in one character set are joined as bytes: many senders cut a character in two (against §5)."""
    pieces = []
    for charset, neighbours in groupby(_WORD.finditer(run), key=lambda word: word[1].lower()):
        words = list(neighbours)
        try:
            pieces.append(b"".join(_octets(word) for word in words).decode(charset, "replace"))
        except (LookupError, ValueError):
            pieces.append(" ".join(word[0] for word in words))
    return "".join(pieces)


def _octets(word: re.Match[str]) -> bytes:
    encoded = word[3].encode()
    if word[2] in "Qq":
        return a2b_qp(encoded, header=True)
    return a2b_base64(encoded + b"=" * (-len(encoded) % 4))
