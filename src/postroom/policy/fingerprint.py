"""Do two mails say the same? Words count; case, punctuation, quoting and numbers (times, ticket counters) do not."""

import hashlib
import re

_WORD = re.compile(r"[^\W\d_]+")


def fingerprint(text: str) -> str:
    """16 characters, the same for texts with the same words in the same order; "" for a text without words."""
    words = " ".join(_WORD.findall(text.casefold()))
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:16] if words else ""
