"""How API keys are made and recognised."""

import hashlib
import secrets

from postroom.workspaces.models import ApiKey, Workspace

PREFIX_LENGTH = 9


def digest_of(key: str) -> bytes:
    """SHA-256 is enough: a key is 32 random bytes, there is nothing to guess."""
    return hashlib.sha256(key.encode()).digest()


def create_key(workspace: Workspace, *, name: str) -> str:
    """A new key in clear: the only time it is known."""
    key = "pr_" + secrets.token_urlsafe(32)
    ApiKey.objects.create(workspace=workspace, name=name, prefix=key[:PREFIX_LENGTH], digest=digest_of(key))
    return key


def find_key(text: str) -> ApiKey | None:
    """The valid key that `text` is, with its workspace; None for an unknown or revoked one."""
    return ApiKey.objects.select_related("workspace").filter(digest=digest_of(text), revoked_at=None).first()
