"""What are the two halves of a DKIM key: the private one in PEM, the public one in DNS (RFC 6376 §3.6, RFC 8463)?"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from postroom.errors import AddressError, SignatureRefusedError, SignatureSyntaxError, SigningKeyError
from postroom.rfc.dkim_tags import decode_base64, parse_tags, split_list
from postroom.rfc.domain import domain_to_ascii

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey

MIN_RSA_BITS = 1024  # RFC 8301 §3.2: shorter ones are never valid
MAX_TXT_OCTETS = 255  # one character-string of a TXT record, RFC 1035 §3.3

_PADDING, _SHA256 = PKCS1v15(), SHA256()


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A public key as its owner published it (RFC 6376 §3.6.1).

    `is_testing` (t=y): treat a failure as no signature. `needs_exact_identity` (t=s): no sub-domains in i=.
    """

    key: PublicKey
    is_testing: bool
    needs_exact_identity: bool


def load_private_key(pem: bytes) -> PrivateKey:
    """Raises SigningKeyError for anything but an unprotected RSA (1024 bits or more) or Ed25519 private key."""
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise SigningKeyError("The DKIM key has a pass phrase; remove it with “openssl pkey -in KEY.pem”.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refuse_pem(pem) from error
    if not isinstance(key, PrivateKey):
        raise SigningKeyError("The DKIM key is of a kind that DKIM does not know; make an RSA or Ed25519 key.")
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        message = f"The DKIM key has {key.key_size} bits; receivers refuse less than {MIN_RSA_BITS}, make one of 2048."
        raise SigningKeyError(message)
    return key


def public_key_record(key_pem: bytes) -> str:
    """The TXT record to publish, `v=DKIM1; k=rsa; p=…`, of a private (or public) key in PEM form.

    Raises SigningKeyError as `load_private_key` does.
    """
    key = _load_public_key(key_pem)
    if isinstance(key, Ed25519PublicKey):
        return f"v=DKIM1; k=ed25519; p={_encode(key.public_bytes_raw())}"
    return f"v=DKIM1; k=rsa; p={_encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))}"


def split_txt(record: str) -> list[str]:
    """`record` (ASCII) cut into the character-strings of one TXT record, each at most 255 octets."""
    return [record[start : start + MAX_TXT_OCTETS] for start in range(0, len(record), MAX_TXT_OCTETS)]


def key_name(*, domain: str, selector: str) -> str:
    """Where the public key stands in DNS, in A-labels (RFC 6376 §3.6.2.1); AddressError for what is no domain name."""
    return f"{to_dns_name(selector)}._domainkey.{to_dns_name(domain)}"


def to_dns_name(text: str) -> str:
    """`text`, a domain or selector (the grammar is one, RFC 6376 §3.1), as A-labels; AddressError otherwise."""
    if text.startswith("["):
        raise AddressError("DKIM signs for domain names, not for IP addresses.", text=text)
    if len(text) > MAX_TXT_OCTETS:  # before a hostile one costs time in IDNA
        raise AddressError("A domain name has at most 255 characters.", text=text[:80])
    return domain_to_ascii(text)


def signing_function(key: PrivateKey) -> Callable[[bytes], bytes]:
    """Makes the raw signature of a text: RSASSA-PKCS1-v1_5, or PureEdDSA over the SHA-256 hash (RFC 8463 §3)."""
    if isinstance(key, Ed25519PrivateKey):
        return lambda text: key.sign(sha256(text).digest())
    return lambda text: key.sign(text, _PADDING, _SHA256)


def is_signed_by(key: PublicKey, text: bytes, signature: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, sha256(text).digest())
        else:
            key.verify(signature, text, _PADDING, _SHA256)
    except (InvalidSignature, ValueError):  # ValueError: a published key that is arithmetically absurd
        return False
    return True


def read_key_record(text: str, *, key_type: str) -> KeyRecord:
    """The key record (its TXT strings joined) for a signature whose algorithm needs `key_type`, "rsa" or "ed25519".

    Raises SignatureSyntaxError, and SignatureRefusedError for a key that is revoked, too short or meant for other uses.
    """
    tags = parse_tags(text)
    if tags.get("v", "DKIM1") != "DKIM1" or "v" in list(tags)[1:]:
        raise SignatureRefusedError("the key record is not of version DKIM1")
    if tags.get("p") == "":
        raise SignatureRefusedError("the key is revoked")
    if tags.get("k", "rsa") != key_type:
        raise SignatureRefusedError(f"the key record holds no {key_type} key")
    if "sha256" not in split_list(tags.get("h", "sha256")):
        raise SignatureRefusedError("the key record does not allow sha256")
    if not {"*", "email"} & set(split_list(tags.get("s", "*"))):
        raise SignatureRefusedError("the key record is not meant for mail")
    flags = split_list(tags.get("t", ""))
    return KeyRecord(_read_key(tags, key_type), is_testing="y" in flags, needs_exact_identity="s" in flags)


def _read_key(tags: dict[str, str], key_type: str) -> PublicKey:
    if "p" not in tags:
        raise SignatureSyntaxError("the key record has no p=")
    octets = decode_base64(tags["p"])
    return _read_ed25519(octets) if key_type == "ed25519" else _read_rsa(octets)


def _read_ed25519(octets: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(octets)
    except ValueError as error:
        raise SignatureSyntaxError("p= holds no Ed25519 key of 32 octets") from error


def _read_rsa(octets: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureSyntaxError("p= holds no RSA key") from error
    if not isinstance(key, RSAPublicKey):
        raise SignatureSyntaxError("p= holds no RSA key")
    if key.key_size < MIN_RSA_BITS:
        raise SignatureRefusedError(f"the RSA key has {key.key_size} bits, fewer than {MIN_RSA_BITS}")
    return key


def _load_public_key(pem: bytes) -> PublicKey:
    if b"PRIVATE KEY" in pem:
        return load_private_key(pem).public_key()
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningKeyError from error
    if not isinstance(key, PublicKey):
        raise SigningKeyError
    return key


def _refuse_pem(pem: bytes) -> SigningKeyError:
    if b"PUBLIC KEY" in pem:
        return SigningKeyError("This is the public half of a DKIM key; give the private one.")
    return SigningKeyError()


def _encode(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
