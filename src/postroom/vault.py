"""How secrets (passwords, private keys, tokens) are kept at rest: encrypted, and never shown again."""

import base64
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

from postroom.errors import PostroomError

# Read by people who look at the database; also lets a later scheme stand beside this one.
MARK = "v1:"


class SealBrokenError(PostroomError):
    """A stored secret cannot be decrypted: POSTROOM_SECRET_KEY is not the one it was stored with. Restore that key."""

    code = "seal_broken"


def derive_key(purpose: str) -> bytes:
    """32 bytes that depend on the installation's secret key and on `purpose` (RFC 5869)."""
    derivation = HKDF(hashes.SHA256(), length=32, salt=None, info=b"postroom " + purpose.encode())
    return derivation.derive(settings.SECRET_KEY.encode())


def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derive_key("vault")))


def seal(secret: str) -> str:
    return MARK + _fernet().encrypt(secret.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """The secret again; SealBrokenError when it was sealed under another key or altered."""
    try:
        return _fernet().decrypt(sealed.removeprefix(MARK).encode("ascii")).decode()
    except (InvalidToken, UnicodeError):
        raise SealBrokenError from None


class SealedField(models.TextField):  # type: ignore[type-arg] # Django 5.2 fields take no parameters at run time
    """Text that is encrypted on its way to the database; "" stays "" (no secret given)."""

    def get_prep_value(self, value: Any) -> Any:
        return seal(value) if value else value

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return unseal(value) if value else value
