"""Which certificates do the servers of a test present, and which authority must their clients trust?"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the authority to trust, and a certificate it issued for `localhost`, `*.example.com` and 127.0.0.1."""

    authority: Path
    certificate: Path
    key: Path


def issue_tls_files(directory: Path) -> TlsFiles:
    """Make a new authority and one server certificate of it, valid for a day."""
    authority_key = generate_private_key(SECP256R1())
    authority = _certify("Postroom test authority", authority_key, authority_key, issuer=None)
    server_key = generate_private_key(SECP256R1())
    server = _certify("localhost", server_key, authority_key, issuer=authority)

    files = TlsFiles(directory / "authority.pem", directory / "server.pem", directory / "server.key")
    files.authority.write_bytes(authority.public_bytes(Encoding.PEM))
    files.certificate.write_bytes(server.public_bytes(Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def _certify(
    common_name: str,
    key: EllipticCurvePrivateKey,
    issuer_key: EllipticCurvePrivateKey,
    *,
    issuer: x509.Certificate | None,
) -> x509.Certificate:
    """A certificate for `key`; without an issuer it is an authority and signs itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        # OpenSSL's strict mode, Python's default from 3.13, refuses chains without this one.
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if issuer is None:
        builder = builder.add_extension(_AUTHORITY_USAGE, critical=True)
    else:
        builder = builder.add_extension(_SERVER_NAMES, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


_SERVER_NAMES = x509.SubjectAlternativeName(
    [x509.DNSName("localhost"), x509.DNSName("*.example.com"), x509.IPAddress(IPv4Address("127.0.0.1"))]
)
_AUTHORITY_USAGE = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)
