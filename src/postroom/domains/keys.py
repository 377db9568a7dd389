"""How DKIM keys come into being."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from postroom.domains.models import DkimKey
from postroom.errors import PostroomError
from postroom.rfc.address import domain_to_ascii
from postroom.workspaces.models import Workspace

RSA_BITS = 2048  # RFC 8301 §3.2; longer keys do not fit one DNS string and cost four times the time


class SelectorTakenError(PostroomError):
    """This domain has a key with that selector; choose another selector."""

    code = "selector_taken"


def create_dkim_key(workspace: Workspace, *, domain: str, selector: str, algorithm: str = "rsa") -> DkimKey:
    """A new key, `rsa` or `ed25519`, that signs the workspace's mail from `domain` at once.

    SelectorTakenError when there is one under that name: receivers look a key up by domain and selector.
    """
    domain = domain_to_ascii(domain)
    if workspace.dkim_keys.filter(domain=domain, selector=selector).exists():
        raise SelectorTakenError(f"{domain} has a key “{selector}” already; choose another selector.", field="selector")
    rsa = algorithm == "rsa"
    key = generate_private_key(public_exponent=65537, key_size=RSA_BITS) if rsa else Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    return DkimKey.objects.create(workspace=workspace, domain=domain, selector=selector, private_key=pem)
