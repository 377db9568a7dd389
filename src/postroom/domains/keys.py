"""How DKIM keys come into being, and what of them is published."""

import re
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.db import transaction

from postroom.domains.models import DkimKey
from postroom.errors import PostroomError
from postroom.policy.dns.facts import OwnKey
from postroom.policy.dns.findings import Purpose, Record
from postroom.rfc.dkim import public_key_record
from postroom.rfc.domain import LABEL, domain_name_to_ascii
from postroom.workspaces.models import Workspace

RSA_BITS = 2048  # RFC 8301 §3.2; longer keys do not fit one DNS string and cost four times the time
# Where the platform publishes the keys, the domain's two pointers never change: each rotation takes the other one.
PLATFORM_SELECTORS = ("postroom1", "postroom2")
MAX_SELECTOR = 63
_SELECTOR = re.compile(rf"{LABEL}(?:\.{LABEL})*")


class SelectorTakenError(PostroomError):
    """This domain has a key with that selector; choose another selector."""

    code = "selector_taken"


class SelectorError(PostroomError):
    """This is no DKIM selector; write letters, digits and hyphens, such as s2026."""

    code = "invalid_selector"


class RotationUnderWayError(PostroomError):
    """The domain's keys are being replaced already; wait until the new ones sign."""

    code = "rotation_under_way"


def create_dkim_key(workspace: Workspace, *, domain: str, selector: str, algorithm: str = "rsa") -> DkimKey:
    """A new key, `rsa` or `ed25519`, that signs the workspace's mail from `domain` at once.

    SelectorTakenError when there is one under that name: receivers look a key up by domain and selector. SelectorError
    for what cannot be part of a name in DNS.
    """
    domain, selector = domain_name_to_ascii(domain), selector.lower()
    if len(selector) > MAX_SELECTOR or not _SELECTOR.fullmatch(selector):
        raise SelectorError(field="selector")
    if workspace.dkim_keys.filter(domain=domain, selector=selector).exists():
        raise SelectorTakenError(f"{domain} has a key “{selector}” already; choose another selector.", field="selector")
    return _create(workspace, domain=domain, selector=selector, algorithm=algorithm, is_active=True)


@transaction.atomic
def begin_rotation(workspace: Workspace, domain: str, *, today: date) -> list[DkimKey]:
    """New keys of both algorithms that begin to sign once their records are seen in DNS.

    RotationUnderWayError while others wait for that.
    """
    domain = domain_name_to_ascii(domain)
    _refuse_second_rotation(workspace, domain)
    stem = _free_stem(workspace, domain, today)
    selectors = {DkimKey.Algorithm.RSA: f"{stem}r", DkimKey.Algorithm.ED25519: f"{stem}e"}
    return [
        _create(workspace, domain=domain, selector=selector, algorithm=algorithm, is_active=False)
        for algorithm, selector in selectors.items()
    ]


@transaction.atomic
def begin_platform_rotation(workspace: Workspace, domain: str) -> list[DkimKey]:
    """As `begin_rotation`, with an RSA key whose record the platform publishes; the domain points there by CNAME.

    RotationUnderWayError also while the record of the last key but one must stay.
    """
    domain = domain_name_to_ascii(domain)
    _refuse_second_rotation(workspace, domain)
    keys = workspace.dkim_keys.filter(domain=domain, selector__in=PLATFORM_SELECTORS)
    keys.exclude(retired_at=None).delete()
    taken = set(keys.values_list("selector", flat=True))
    free = [selector for selector in PLATFORM_SELECTORS if selector not in taken]
    if not free:
        raise RotationUnderWayError(f"Mail signed with the last key of {domain} is still on its way; wait some days.")
    pointer = f"{free[0]}.{domain}.dkim.{settings.POSTROOM.platform_domain}"
    key = _create(workspace, domain=domain, selector=free[0], algorithm="rsa", is_active=False)
    key.pointer = pointer
    key.save(update_fields=["pointer"])
    return [key]


def own_key(key: DkimKey) -> OwnKey:
    """The key as the DNS advice wants it; a retired one has no record any more. SealBrokenError as the vault does."""
    record = public_key_record(key.private_key.encode()) if key.private_key else ""
    return OwnKey(key.selector, record, key.state, key.pointer)


def record_of(key: DkimKey) -> Record:
    """The TXT record with the public half, at the name where it is to be published by whoever publishes it."""
    return Record(key.pointer or str(key), "TXT", public_key_record(key.private_key.encode()), Purpose.DKIM)


def _refuse_second_rotation(workspace: Workspace, domain: str) -> None:
    waiting = workspace.dkim_keys.filter(domain=domain, is_active=False, stopped_at=None, retired_at=None).first()
    if waiting is not None:
        raise RotationUnderWayError(f"{waiting} waits to be seen in DNS; publish its record, or remove the key.")


def _free_stem(workspace: Workspace, domain: str, today: date) -> str:
    """p20261122, with a letter where a rotation of the same day took that."""
    taken = set(workspace.dkim_keys.filter(domain=domain).values_list("selector", flat=True))
    stems = [f"p{today:%Y%m%d}{suffix}" for suffix in ("", *"abcdfghijklmnopqstuvwxyz")]
    return next(stem for stem in stems if f"{stem}r" not in taken)


def _create(workspace: Workspace, *, domain: str, selector: str, algorithm: str, is_active: bool) -> DkimKey:
    rsa = algorithm == "rsa"
    key = generate_private_key(public_exponent=65537, key_size=RSA_BITS) if rsa else Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    return DkimKey.objects.create(
        workspace=workspace,
        domain=domain,
        selector=selector,
        algorithm=algorithm,
        private_key=pem,
        is_active=is_active,
    )
