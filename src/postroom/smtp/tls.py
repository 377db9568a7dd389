"""Whom does TLS trust and present for an endpoint: one `ssl` context for each distinct set of answers."""

import ssl
import tempfile
from functools import lru_cache
from pathlib import Path

from postroom.smtp.endpoint import ClientCertificate, Endpoint


def context_for(endpoint: Endpoint) -> ssl.SSLContext:
    """The context to connect with; raises OSError (ssl.SSLError is one) for unreadable or unusable certificates.

    Contexts are kept, as loading the system's authorities takes milliseconds; a renewed `ca_file` is noticed.
    """
    mode = ssl.CERT_REQUIRED if endpoint.verifies else ssl.CERT_NONE
    ca_changed_at = Path(endpoint.ca_file).stat().st_mtime_ns if endpoint.ca_file else 0
    return _build(mode, endpoint.ca_file, ca_changed_at, endpoint.ca_data, endpoint.client_certificate)


@lru_cache(maxsize=64)
def _build(
    mode: ssl.VerifyMode,
    ca_file: str | None,
    _ca_changed_at: int,
    ca_data: str | None,
    certificate: ClientCertificate | None,
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file, cadata=ca_data)
    context.check_hostname = mode is ssl.CERT_REQUIRED
    context.verify_mode = mode
    if certificate is not None:
        _present(context, certificate)
    return context


def _present(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """OpenSSL's binding takes files only: private ones (mode 600), gone a moment later."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate.key.rstrip() + b"\n" + certificate.certificate)
        file.flush()
        context.load_cert_chain(file.name)
