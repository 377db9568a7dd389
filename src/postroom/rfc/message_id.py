"""How is a message identifier made, and which ones does this field name?

RFC 5322 §3.6.4. Identifiers are written with their angle brackets everywhere: `<unique@domain>`.
"""

import re

from postroom.errors import HeaderError

_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NO_FOLD_LITERAL = re.compile(r"\[[!-Z^-~]+\]")
# Nothing here reads past the next "<", so that many of them cost no more than a few. A stray quote is tolerated.
_IDENTIFIER = r'<(?:(?:"(?:[^"\\<]|\\[^<])*"|[^<>"])+|[^<>]+)>'
_COMMENT = r"\((?:[^()<>]|\([^()<>]*\))*+\)"
_TOKEN = re.compile(rf"(?P<identifier>{_IDENTIFIER})|{_COMMENT}")
_QUOTED_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
_SEPARATOR = re.compile(r"[\s,;<>]+")


def make_message_id(unique: str, *, domain: str) -> str:
    """`<unique@domain>`, of two dot-atoms (§3.2.3) or with a domain literal; HeaderError for anything else."""
    if not (_DOT_ATOM.fullmatch(unique) and (_DOT_ATOM.fullmatch(domain) or _NO_FOLD_LITERAL.fullmatch(domain))):
        message = "A Message-ID is made of letters, digits, dots and hyphens on both sides of the @."
        raise HeaderError(message, field="Message-ID", unique=unique, domain=domain)
    return f"<{unique}@{domain}>"


def parse_message_ids(text: str) -> tuple[str, ...]:
    """The identifiers of a Message-ID, In-Reply-To or References field, folded or not, in order; () when none.

    Comments and the phrases of RFC 822 ("Your message of …") are left out, white space inside an identifier is taken
    for a bad fold. Only where nothing stands in angle brackets, words with an @ are taken for identifiers.
    """
    bracketed = [token["identifier"] for token in _TOKEN.finditer(text) if token["identifier"]]
    if bracketed:
        return tuple(_QUOTED_OR_SPACE.sub(r"\1", identifier) for identifier in bracketed)
    words = _SEPARATOR.split(_TOKEN.sub(" ", text))
    return tuple(f"<{word}>" for word in words if "@" in word[1:-1])
