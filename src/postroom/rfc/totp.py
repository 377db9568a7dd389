"""Which six digits does a person's phone show now? Time-based one-time passwords (RFC 6238 on RFC 4226)."""

import hmac
from base64 import b32encode
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
KEY_BYTES = 20  # RFC 4226 §4, R6: 160 bits, which is also what HMAC-SHA-1 works with
DRIFT = 1  # RFC 6238 §5.2: one step either way for clocks that differ and people who type slowly


def code_at(key: bytes, step: int) -> str:
    """The digits of a time step (RFC 4226 §5.3); authenticator apps know SHA-1 alone for certain."""
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(key: bytes, code: str, *, now: float, after: int) -> int | None:
    """The step that `code` belongs to, around `now` (seconds since 1970) and later than `after`; None: it is wrong.

    Keep it as the next `after`: a code counts once (RFC 6238 §5.2).
    """
    current = int(now) // STEP_SECONDS
    steps = range(max(current - DRIFT, after + 1), current + DRIFT + 1)
    # All are compared: how long it takes says nothing about which one fits.
    fitting = [step for step in steps if hmac.compare_digest(code_at(key, step).encode(), code.encode())]
    return fitting[0] if fitting else None


def text_of(key: bytes) -> str:
    """The key as people type it into an app (base32, RFC 4648 §6)."""
    return b32encode(key).decode("ascii").rstrip("=")


def provisioning_uri(key: bytes, *, issuer: str, account: str) -> str:
    """What an app reads from a QR code (the Key URI Format that Google Authenticator introduced)."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': text_of(key), 'issuer': issuer}, quote_via=quote)}"
