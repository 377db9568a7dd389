"""Which number does this token carry, and did we make it?

Hexadecimal, because local parts of addresses are lower-cased on the way by many servers. What a token is for goes into
its signature: one that was made for something else is not valid.
"""

import hmac
from collections.abc import Sequence

MAC_DIGITS = 20  # 80 bits: guessing is hopeless, and with a 64-bit number the token leaves room in a local part


def make_token(number: int, *, purpose: bytes, key: bytes) -> str:
    """21 or more characters of 0-9 and a-f, at most 36 for 64 bits; the same for the same arguments.

    `number` is not negative.
    """
    if number < 0:
        raise ValueError("a signed number is not negative")
    digits = f"{number:x}"
    return digits + hmac.digest(key, purpose + b":" + digits.encode(), "sha256").hex()[:MAC_DIGITS]


def read_token(token: str, *, purpose: bytes, keys: Sequence[bytes]) -> int | None:
    """The number, or None if none of the keys (the present one and its forerunners) made the token for `purpose`."""
    token = token.lower()
    try:
        number = int(token[:-MAC_DIGITS], 16)
        claimed = token.encode("ascii")
    except ValueError:
        return None
    if number < 0:
        return None
    # The token is made again and compared whole: no second spelling of a number (leading zeros, underscores) is valid.
    made = [hmac.compare_digest(make_token(number, purpose=purpose, key=key).encode(), claimed) for key in keys]
    return number if any(made) else None
