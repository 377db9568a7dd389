"""How is a message signed with DKIM (RFC 6376, RFC 8463)? relaxed/relaxed, by rsa-sha256 or ed25519-sha256."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from postroom.errors import MissingFromError
from postroom.rfc.dkim_canonical import Fields, relax_body, relaxed_fields, select_fields
from postroom.rfc.dkim_key import (
    key_name,
    load_private_key,
    public_key_record,
    signing_function,
    split_txt,
    to_dns_name,
)
from postroom.rfc.dkim_verify import Lookup, Result, Verdict, verify

__all__ = [
    "Lookup",
    "Result",
    "Signer",
    "Verdict",
    "hash_body",
    "key_name",
    "load_signer",
    "public_key_record",
    "split_txt",
    "verify",
]

# RFC 6376 §5.4.1, with what providers ask for: List-Unsubscribe-Post (RFC 8058 §4), Feedback-ID (Gmail). Not
# Return-Path, Received and Bcc, which change or vanish on the way.
SIGNED_NAMES = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted",
    b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"list-help", b"list-subscribe", b"list-post",
    b"list-owner", b"list-archive", b"feedback-id",
    b"resent-date", b"resent-from", b"resent-sender", b"resent-to", b"resent-cc", b"resent-message-id",
)  # fmt: skip

# Named once more than they occur, so that nobody can resend our mail with a second one that readers show or obey
# (RFC 6376 §8.15): what people see and answer to, and what decides how the body is read.
SEALED_NAMES = frozenset(
    {b"from", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"content-type"},
)

# These alone stay open while absent: a submission relay may add them (RFC 6409 §8; Postfix adds
# “To: undisclosed-recipients:;” to local clients' mail), which must not break the signature.
OPEN_WHEN_ABSENT = frozenset({b"to", b"date", b"message-id"})

_EXTRA_MENTIONS = [(name, name in SEALED_NAMES, name in SEALED_NAMES - OPEN_WHEN_ABSENT) for name in SIGNED_NAMES]

RECOMMENDED_RSA_BITS = 2048  # RFC 8301 §3.2: signers SHOULD use at least this
_LINE_OCTETS = 74


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one domain and selector (both A-labels); make it with `load_signer`. Safe to share among threads.

    `key_bits` is None for Ed25519.
    """

    domain: str
    selector: str
    algorithm: str
    key_bits: int | None
    _make_signature: Callable[[bytes], bytes] = field(repr=False)

    @property
    def is_key_short(self) -> bool:
        """Whether the RSA key has fewer bits than RFC 8301 recommends: accepted, but to be replaced."""
        return self.key_bits is not None and self.key_bits < RECOMMENDED_RSA_BITS

    def sign(self, head: bytes, body_hash: bytes, *, signed_at: int, expires_at: int | None = None) -> bytes:
        """A complete, folded DKIM-Signature field to put above `head`; the same arguments give the same octets.

        `head` ends in CRLF without the empty line; `body_hash` comes from `hash_body`; the times are seconds since
        1970. Raises MissingFromError for a head without From (RFC 6376 §5.4).
        """
        fields = relaxed_fields(head)
        names = _names_to_sign(fields)
        times = b"t=%d;" % signed_at if expires_at is None else b"t=%d; x=%d;" % (signed_at, expires_at)
        unsigned = b"v=1; a=%b; c=relaxed/relaxed;\r\n d=%b; s=%b;\r\n %b\r\n %b;\r\n bh=%b;\r\n b=" % (
            self.algorithm.encode(),
            self.domain.encode(),
            self.selector.encode(),
            times,
            _fold_names(names),
            base64.b64encode(body_hash),
        )
        text = select_fields(fields, names) + b"dkim-signature:" + unsigned.replace(b"\r\n", b"")
        signature = base64.b64encode(self._make_signature(text))
        return b"DKIM-Signature: %b%b\r\n" % (unsigned, _fold(signature))


def load_signer(private_key_pem: bytes, *, domain: str, selector: str) -> Signer:
    """`domain` and `selector` may hold U-labels. Keep what is returned: checking an RSA key takes some 50 ms.

    Raises SigningKeyError for a key that cannot sign, AddressError for a domain or selector that is no DNS name.
    """
    key = load_private_key(private_key_pem)
    key_bits = key.key_size if isinstance(key, RSAPrivateKey) else None
    return Signer(
        domain=to_dns_name(domain),
        selector=to_dns_name(selector),
        algorithm="rsa-sha256" if key_bits else "ed25519-sha256",
        key_bits=key_bits,
        _make_signature=signing_function(key),
    )


def hash_body(body: bytes) -> bytes:
    """The 32 octets that `Signer.sign` takes; one hash serves every signature and every recipient of the message."""
    return sha256(relax_body(body)).digest()


def _names_to_sign(fields: Fields) -> tuple[bytes, ...]:
    if b"from" not in fields:
        raise MissingFromError("A message without From cannot be signed; add a From.", field="from")
    names: list[bytes] = []
    for name, extra_if_present, extra_if_absent in _EXTRA_MENTIONS:
        present = fields.get(name)
        names += [name] * (len(present) + extra_if_present if present else extra_if_absent)
    return tuple(names)


@lru_cache(maxsize=256)  # the mail of one deployment has few shapes
def _fold_names(names: tuple[bytes, ...]) -> bytes:
    lines = [b"h=" + names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) + 2 > _LINE_OCTETS:
            lines[-1] += b":"
            lines.append(b" " + name)
        else:
            lines[-1] += b":" + name
    return b"\r\n".join(lines)


def _fold(encoded: bytes) -> bytes:
    return b"\r\n ".join(encoded[start : start + _LINE_OCTETS] for start in range(0, len(encoded), _LINE_OCTETS))
