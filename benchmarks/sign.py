"""How long does it take to sign a message of 2 kB, beside dkimpy, and how much of that is not the key's arithmetic?

Run: python benchmarks/sign.py
"""

import base64
import importlib.util
from collections.abc import Callable
from time import perf_counter

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dkim.canonicalization import Relaxed

from postroom.rfc.dkim import hash_body, load_signer
from postroom.rfc.dkim_canonical import relax_body, relaxed_fields

DOMAIN, SELECTOR = "company-name.example", "s1"
SIGNED_AT = 1_760_000_000
HEAD = b"""\
From: "My Company" <notifications@company-name.example>\r
To: "Customer %d" <customer%d@example.com>\r
Subject: Your order %d has left our warehouse\r
Date: Sat, 22 Nov 2025 09:30:00 +0000\r
Message-ID: <%d.order@company-name.example>\r
Reply-To: "My Company" <catchall@company-name.example>\r
List-Unsubscribe: <https://company-name.example/unsubscribe/%d>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative;\r
 boundary="order-%d"\r
"""
BODY = b"Dear customer, your order %d has left our warehouse and will arrive on Friday.\r\n" * 25


def run() -> list[dict[str, str | float | None]]:
    """Least µs a message, for other work on the machine only adds; `ratio` is the peer's time over ours.

    `peer` and `ratio` are None where dkimpy lacks PyNaCl and so knows no Ed25519.
    """
    rsa, ed25519 = generate_private_key(65537, 2048), Ed25519PrivateKey.generate()
    seed = base64.b64encode(ed25519.private_bytes_raw())
    has_nacl = importlib.util.find_spec("nacl") is not None
    return [
        _row(
            "sign 2 kB, rsa-2048",
            _least(_ours(_pem(rsa)), messages=50),
            _least(_dkimpy(_pem(rsa), b"rsa-sha256"), messages=10),
        ),
        _row(
            "sign 2 kB, ed25519",
            _least(_ours(_pem(ed25519)), messages=200),
            _least(_dkimpy(seed, b"ed25519-sha256"), messages=20) if has_nacl else None,
        ),
        _row(
            "canonical forms of head and body, 2 kB",
            _least(_canonical_ours, messages=1000),
            _least(_canonical_dkimpy, messages=100),
        ),
    ]


def _row(name: str, ours: float, peer: float | None) -> dict[str, str | float | None]:
    return {"name": name, "ours": ours, "peer": peer, "ratio": peer and peer / ours, "unit": "µs"}


def _ours(pem: bytes) -> Callable[[bytes, bytes], object]:
    signer = load_signer(pem, domain=DOMAIN, selector=SELECTOR)
    return lambda head, body: signer.sign(head, hash_body(body), signed_at=SIGNED_AT)


def _dkimpy(key: bytes, algorithm: bytes) -> Callable[[bytes, bytes], object]:
    names = [SELECTOR.encode(), DOMAIN.encode()]
    forms = (b"relaxed", b"relaxed")
    return lambda head, body: dkim.sign(
        head + b"\r\n" + body, *names, key, canonicalize=forms, signature_algorithm=algorithm
    )


def _canonical_ours(head: bytes, body: bytes) -> object:
    return relaxed_fields(head), relax_body(body)


def _canonical_dkimpy(head: bytes, body: bytes) -> object:
    headers, body = dkim.rfc822_parse(head + b"\r\n" + body)
    return Relaxed.canonicalize_headers(headers), Relaxed.canonicalize_body(body)


def _least(sign_one: Callable[[bytes, bytes], object], *, messages: int, rounds: int = 10) -> float:
    """The best of the rounds, over different messages, so that nothing is measured from a cache."""
    mail = [(HEAD % ((number,) * 6), BODY % ((number,) * 25)) for number in range(messages)]
    times = []
    for _ in range(rounds):
        started = perf_counter()
        for head, body in mail:
            sign_one(head, body)
        times.append((perf_counter() - started) / messages * 1e6)
    return min(times)


def _pem(key: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


if __name__ == "__main__":
    for row in run():
        against = "against {peer:.0f} {unit}, {ratio:.0f} times faster" if row["peer"] else "(dkimpy needs PyNaCl)"
        print(("{name}: {ours:.0f} {unit} " + against).format(**row))
