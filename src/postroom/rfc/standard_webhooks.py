"""How is a webhook signed, so that its receiver can tell it from a forgery? (Standard Webhooks 1.0.0)"""

import base64
import hashlib
import hmac

SECRET_PREFIX = "whsec_"  # noqa: S105 – what marks a secret, not one


def write_secret(key: bytes) -> str:
    """A key of 24 to 64 bytes as its holder keeps it."""
    return SECRET_PREFIX + base64.b64encode(key).decode("ascii")


def sign(secret: str, body: bytes, *, id_: str, timestamp: int) -> dict[str, str]:
    """The three header fields that go with `body`; `timestamp` in seconds since 1970, of this very attempt.

    The identifier is part of what is signed and the same at each attempt, so that a receiver can drop what it has seen.
    """
    signed = b".".join([id_.encode("ascii"), str(timestamp).encode("ascii"), body])
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
    return {"webhook-id": id_, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
