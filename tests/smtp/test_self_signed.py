"""Is there always a certificate for STARTTLS, whose key only its owner can read?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from postroom.smtp.self_signed import LIFETIME, CertificateError, keep_certificate, server_context


def certificate_in(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_makes_a_p256_certificate_once_and_keeps_it(tmp_path: Path) -> None:
    path = keep_certificate(tmp_path / "tls", hostname="mail.example.com")
    made = path.read_bytes()
    assert keep_certificate(tmp_path / "tls", hostname="mail.example.com") == path
    assert path.read_bytes() == made
    key = certificate_in(path).public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert isinstance(key.curve, SECP256R1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_names_the_host_and_this_machine(tmp_path: Path) -> None:
    certificate = certificate_in(keep_certificate(tmp_path, hostname="mail.example.com"))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mail.example.com", "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize("age", [LIFETIME, LIFETIME - timedelta(days=10)])
def test_renews_what_has_expired_or_soon_will(tmp_path: Path, age: timedelta) -> None:
    keep_certificate(tmp_path, hostname="mail.example.com", now=datetime.now(UTC) - age)
    path = keep_certificate(tmp_path, hostname="mail.example.com")
    assert certificate_in(path).not_valid_after_utc > datetime.now(UTC) + timedelta(days=3000)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n", b"\xff\x00"])
def test_replaces_a_file_that_is_broken(tmp_path: Path, content: bytes) -> None:
    path = keep_certificate(tmp_path, hostname="mail.example.com")
    path.write_bytes(content)
    server_context(keep_certificate(tmp_path, hostname="mail.example.com"))


def test_replaces_a_certificate_whose_key_is_gone(tmp_path: Path) -> None:
    path = keep_certificate(tmp_path, hostname="mail.example.com")
    path.write_bytes(path.read_bytes().partition(b"-----END PRIVATE KEY-----\n")[2])
    server_context(keep_certificate(tmp_path, hostname="mail.example.com"))


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"absent\.pem .* cannot be used"):
        server_context(tmp_path / "absent.pem", tmp_path / "absent.key")
