"""How API keys are made and recognised."""

import hashlib
import secrets
from functools import cache
from importlib.resources import files

from django.db import connection

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
    return find_digest(digest_of(text))


def find_digest(digest: bytes) -> ApiKey | None:
    """As `find_key`, by `digest_of` the key: for who asks again and need not keep the key itself."""
    with connection.cursor() as cursor:
        cursor.execute(_find_key(), {"digest": digest})
        if (row := cursor.fetchone()) is None:
            return None
        key_id, *values = row
        workspace = Workspace.from_db(connection.alias, [column.name for column in cursor.description[1:]], values)
    key = ApiKey.from_db(connection.alias, ["id", "workspace_id"], [key_id, workspace.pk])
    key.workspace = workspace
    return key


@cache
def _find_key() -> str:
    return files("postroom.workspaces").joinpath("sql", "find_key.sql").read_text(encoding="utf-8")
