"""How API keys are made and recognised."""

import hashlib
import secrets
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from django.db import connection
from django.utils import timezone

from postroom.combining import Combined
from postroom.workspaces.models import ApiKey, Workspace

PREFIX_LENGTH = 9
# What of a workspace comes with its key, in the order of find_keys.sql; the rest is read when it is asked for.
_WORKSPACE = ("id", "slug", "name", "routing_policy", "signs_return_path", "drops_repeats", "routing_version")


def digest_of(key: str) -> bytes:
    """SHA-256 is enough: a key is 32 random bytes, there is nothing to guess."""
    return hashlib.sha256(key.encode()).digest()


def create_key(workspace: Workspace, *, name: str) -> str:
    """A new key in clear: the only time it is known."""
    key = "pr_" + secrets.token_urlsafe(32)
    ApiKey.objects.create(workspace=workspace, name=name, prefix=key[:PREFIX_LENGTH], digest=digest_of(key))
    return key


def revoke_key(key: ApiKey) -> None:
    """It opens nothing from now on; what was handed in with it stays."""
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])


def find_key(text: str) -> ApiKey | None:
    """The valid key that `text` is, with its workspace; None for an unknown or revoked one."""
    return find_digest(digest_of(text))


def find_digest(digest: bytes) -> ApiKey | None:
    """As `find_key`, by `digest_of` the key: for who asks again and need not keep the key itself."""
    # Inside a transaction what it has changed itself must count.
    return _find_all([digest])[0] if connection.in_atomic_block else _find_combined(digest)


def _find_all(digests: Sequence[bytes]) -> list[ApiKey | None]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(), {"digests": list(set(digests))})
        found = {bytes(digest): _read(*row) for digest, *row in cursor.fetchall()}
    return [found.get(digest) for digest in digests]


# Threads that ask at the same time share a query.
_find_combined = Combined(_find_all)


def _read(key_id: int, *workspace: object) -> ApiKey:
    key = ApiKey.from_db(connection.alias, ("id", "workspace_id"), (key_id, workspace[0]))
    key.workspace = Workspace.from_db(connection.alias, _WORKSPACE, workspace)
    return key


@cache
def _statement() -> str:
    return files("postroom.workspaces").joinpath("sql", "find_keys.sql").read_text(encoding="utf-8")
