"""What is said to an OAuth 2.0 provider, and what does its answer mean (RFC 6749, with PKCE of RFC 7636)?"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

VERIFIER_BYTES = 32  # RFC 7636 §7.1: 256 bits, 43 characters once encoded
MOST_WORDS = 500  # of a provider's explanation that are kept


@dataclass(frozen=True, slots=True)
class Grant:
    """A token answer (RFC 6749 §5.1). `refresh_token` "": keep the one there is; `expires_in`: seconds, or None."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int | None
    scope: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer (RFC 6749 §5.2): `error` is for programs, `description` the provider's words."""

    error: str
    description: str

    def __str__(self) -> str:
        return f"{self.error}: {self.description}" if self.description else self.error


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).decode("ascii").rstrip("=")


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """The endpoint with these added to what its query says already (RFC 6749 §3.1)."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    return urlunsplit(parts._replace(query=query, fragment=""))


def read_token_answer(content: bytes) -> Grant | Refusal | None:
    """What the token endpoint said; None when it is neither a token nor an error."""
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return None
    if error := _text(answer, "error"):
        return Refusal(error[:100], _text(answer, "error_description")[:MOST_WORDS])
    if not (token := _text(answer, "access_token")) or _text(answer, "token_type").lower() not in ("", "bearer"):
        return None
    return Grant(token, _text(answer, "refresh_token"), _seconds(answer.get("expires_in")), _text(answer, "scope"))


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _seconds(value: object) -> int | None:
    """Some providers write the number as text."""
    try:
        seconds = int(value) if isinstance(value, int | float | str) else 0
    except (ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < 10**9 else None


def xoauth2(username: str, token: str) -> str:
    """What a client says with the mechanism XOAUTH2, in Google's and Microsoft's form, before base64."""
    return f"user={username}\x01auth=Bearer {token}\x01\x01"
