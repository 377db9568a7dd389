"""How DKIM keys come into being."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from postroom.domains.models import DkimKey
from postroom.rfc.address import domain_to_ascii
from postroom.workspaces.models import Workspace

RSA_BITS = 2048  # RFC 8301 §3.2; longer keys do not fit one DNS string and cost four times the time


def create_dkim_key(workspace: Workspace, *, domain: str, selector: str, algorithm: str = "rsa") -> DkimKey:
    """A new key, `rsa` or `ed25519`, that signs the workspace's mail from `domain` at once."""
    rsa = algorithm == "rsa"
    key = generate_private_key(public_exponent=65537, key_size=RSA_BITS) if rsa else Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    return DkimKey.objects.create(
        workspace=workspace, domain=domain_to_ascii(domain), selector=selector, private_key=pem
    )
