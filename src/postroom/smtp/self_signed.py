"""With which certificate does a server offer STARTTLS when nobody gave it one?"""

import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from postroom.errors import PostroomError

FILE_NAME = "starttls.pem"
# Nobody can check it but by pinning, and a pin should hold; the start of a process is the only time it is renewed.
LIFETIME = timedelta(days=3650)
RENEWED_BEFORE_END = timedelta(days=90)


class CertificateError(PostroomError):
    """The certificate and key for STARTTLS cannot be used."""

    code = "invalid_certificate"


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """For STARTTLS with a PEM chain; `key` None: it is in the same file. CertificateError when they are unusable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password="")  # a key with a passphrase fails instead of asking for it
    except (OSError, ValueError) as error:
        where = f"{certificate} with the key {key}" if key else str(certificate)
        raise CertificateError(f"The certificate {where} cannot be used: {error}.") from error
    return context


def keep_certificate(folder: Path, *, hostname: str, now: datetime | None = None) -> Path:
    """The PEM file in `folder` with an EC P-256 key and a certificate of its own, made or renewed when need be."""
    path = folder / FILE_NAME
    now = now or datetime.now(UTC)
    if not _is_good(path, now):
        folder.mkdir(parents=True, exist_ok=True)
        _write_private(path, _make(hostname, now))
    return path


def _is_good(path: Path, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        server_context(path)
    except (OSError, ValueError, CertificateError):  # absent, or not what we wrote
        return False
    return certificate.not_valid_after_utc - now > RENEWED_BEFORE_END


def _make(hostname: str, now: datetime) -> bytes:
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # for clients whose clock is slow
        .not_valid_after(now + LIFETIME)
        .add_extension(_names(hostname), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _private_pem(key) + certificate.public_bytes(Encoding.PEM)


def _names(hostname: str) -> x509.SubjectAlternativeName:
    dns_names = [x509.DNSName(name) for name in dict.fromkeys([hostname, "localhost"])]
    return x509.SubjectAlternativeName([*dns_names, *(x509.IPAddress(ip_address(a)) for a in ("127.0.0.1", "::1"))])


def _private_pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_private(path: Path, content: bytes) -> None:
    """In one step, mode 600: another process may be starting at the same time."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)
