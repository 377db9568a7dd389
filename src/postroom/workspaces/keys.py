"""How API keys are made and recognised."""

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import TypeVar

from django.db import connection
from django.utils import timezone

from postroom.combining import Combined
from postroom.errors import PostroomError
from postroom.workspaces.models import ApiKey, Workspace

R = TypeVar("R")

PREFIX_LENGTH = 9
# How long a key is remembered, and how many are. Each look into the database also notes that a key is in use.
REMEMBER_SECONDS = 60.0
MOST_REMEMBERED = 1_000
# What of a workspace comes with its key, in the order of find_keys.sql; the rest is read when it is asked for.
_WORKSPACE = ("id", "slug", "name", "routing_policy", "signs_return_path", "drops_repeats", "routing_version")
_remembered: dict[bytes, tuple[float, ApiKey]] = {}


class RevokedKeyError(PostroomError):
    """The API key of this connection has been revoked; authenticate with another one."""

    code = "revoked_key"


class OutdatedError(Exception):
    """The key, or what was known of its workspace, has changed meanwhile; nothing was stored."""


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
    """As `find_key`, by `digest_of` the key: for whoever asks again and need not keep the key itself."""
    # Inside a transaction what it has changed itself must count.
    return _find_all([digest])[0] if connection.in_atomic_block else _find_combined(digest)


def remembered_key(digest: bytes) -> ApiKey | None:
    """As `find_digest`, or as it was less than a minute ago: for `act_for` alone, which hears when it is outdated."""
    noted_at, key = _remembered.get(digest, (0.0, None))
    if key is not None and time.monotonic() - noted_at < REMEMBER_SECONDS and not connection.in_atomic_block:
        return key
    return _look_up(digest)


def act_for(key: ApiKey, act: Callable[[ApiKey], R]) -> R:
    """What `act` gives for a `remembered_key`.

    `act` raises OutdatedError when it cannot store for the key as it was remembered. It is then asked once more, with
    the key as it is now; so it is when it refuses something that may be right by now. RevokedKeyError when it is none
    any more.
    """
    while True:
        try:
            return act(key)
        except (OutdatedError, PostroomError) as refusal:
            current = _look_up(bytes(key.digest))
            if current is None:
                raise RevokedKeyError from None
            if isinstance(refusal, PostroomError) and _is_same(current.workspace, key.workspace):
                raise
            key = current


def require_current(key: ApiKey) -> None:
    """OutdatedError when the key, or what is known of its workspace, is no longer so."""
    current = find_digest(bytes(key.digest))
    if current is None or not _is_same(current.workspace, key.workspace):
        raise OutdatedError


def _look_up(digest: bytes) -> ApiKey | None:
    key = find_digest(digest)
    _remembered.pop(digest, None)
    if key is not None and not connection.in_atomic_block:
        if len(_remembered) >= MOST_REMEMBERED:
            _remembered.clear()
        _remembered[digest] = time.monotonic(), key
    return key


def _is_same(one: Workspace, other: Workspace) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _WORKSPACE)


def _find_all(digests: Sequence[bytes]) -> list[ApiKey | None]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(), {"digests": list(set(digests))})
        found = {bytes(digest): _read(digest, *row) for digest, *row in cursor.fetchall()}
    return [found.get(digest) for digest in digests]


# Threads that ask at the same time share a query.
_find_combined = Combined(_find_all)


def _read(digest: bytes, key_id: int, *workspace: object) -> ApiKey:
    key = ApiKey.from_db(connection.alias, ("id", "workspace_id", "digest"), (key_id, workspace[0], digest))
    key.workspace = Workspace.from_db(connection.alias, _WORKSPACE, workspace)
    return key


@cache
def _statement() -> str:
    return files("postroom.workspaces").joinpath("sql", "find_keys.sql").read_text(encoding="utf-8")
