"""Which keys and messages do the DKIM tests sign, and how do they ask for a verdict?"""

from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import strategies as st

from postroom.rfc.dkim import Signer, Verdict, hash_body, load_signer, public_key_record, verify

DOMAIN = "company-name.example"
SIGNED_AT = 1_760_000_000

INVOICE_HEAD = (
    b'From: "Mary" <mary@company-name.example>\r\n'
    b"To: Suzie Q <suzie@customer.example.com>\r\n"
    b"Subject: Your invoice\r\n from My  Company\r\n"
    b"Date: Fri, 14 Nov 2025 21:00:37 +0000\r\n"
    b"Message-ID: <20251114210037.1@company-name.example>\r\n"
    b"List-Unsubscribe: <https://company-name.example/u/1>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: text/plain;\r\n\tcharset="utf-8"\r\n'
)
INVOICE_BODY = b"Hello Suzie,\r\n\r\nplease find  the invoice attached. \r\n\r\n\r\n"

# No white space before the colon, lawful though it is (RFC 5322 §4.5): dkimpy 1.1.8 raises, opendkim 2.11 sees no From.
_NAMES = st.sampled_from([b"To", b"Subject", b"SUBJECT", b"Reply-to", b"Received", b"X-Odd", b"Content-Type", b"Date"])
_PIECES = st.sampled_from(
    [b"a", b"B;c", b":", b" ", b"\t", b"  ", b"=?utf-8?q?=C3=A9?=", b"\xc3\xa9", b"\r\n x", b" \r\n\t y"]
)
_VALUES = st.lists(_PIECES, max_size=6).map(b"".join)
_FIELDS = st.builds(lambda name, value: name + b":" + value + b"\r\n", _NAMES, _VALUES)
_FROM = st.sampled_from([b"From: a@company-name.example\r\n", b"from:\r\n  A\t B <a@company-name.example> \r\n"])

HEADS = st.builds(
    lambda above, from_, below: b"".join([*above, from_, *below]), st.lists(_FIELDS), _FROM, st.lists(_FIELDS)
)
"""Heads with one From; other fields fold, repeat, are empty and hold white space where few expect it."""

BODIES = st.lists(st.sampled_from([b"a", b".", b" ", b"\t", b"  ", b"\r\n", b"\r\n\r\n", b"\xff"]), max_size=12).map(
    b"".join
)
"""Bodies with white space at line ends, empty lines at the end, nothing at all, or no CRLF at the end."""


@cache
def make_key(kind: str) -> bytes:
    """A private key in PEM form, "rsa" (2048 bits), "rsa-1024" and so on, or "ed25519"; one a kind and test run."""
    name, _, bits = kind.partition("-")
    key = Ed25519PrivateKey.generate() if name == "ed25519" else generate_private_key(65537, int(bits or 2048))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache  # to load an RSA key takes some 50 ms, for its arithmetic is checked
def make_signer(key: bytes, *, selector: str = "s1") -> Signer:
    return load_signer(key, domain=DOMAIN, selector=selector)


def sign(signer: Signer, head: bytes, body: bytes) -> bytes:
    """The signed message as SMTP carries it: the last line of the body ended."""
    field = signer.sign(head, hash_body(body), signed_at=SIGNED_AT)
    return field + head + b"\r\n" + body + (b"" if body.endswith(b"\r\n") or not body else b"\r\n")


RSA, ED25519 = make_key("rsa"), make_key("ed25519")


cached_record = cache(public_key_record)


def published(key: bytes) -> Callable[[str], str]:
    """A DNS that holds this key under every name."""
    record = cached_record(key)
    return lambda name: record


def judge(message: bytes, key: bytes, **arguments: Any) -> Verdict:
    [verdict] = verify(message, published(key), **arguments)
    return verdict


def judge_record(record: str | None) -> Verdict:
    """What becomes of a good RSA signature when this record is found."""
    [verdict] = verify(INVOICE, lambda name: record)
    return verdict


def edited(message: bytes, before: bytes, after: bytes) -> bytes:
    assert before in message
    return message.replace(before, after, 1)


INVOICE = sign(make_signer(RSA), INVOICE_HEAD, INVOICE_BODY)
RECORD = cached_record(RSA)
