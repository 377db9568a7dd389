"""Was this request answered before? Keys that make a repeated submission harmless for 24 hours."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from postroom.errors import PostroomError
from postroom.outbound.models import IdempotencyKey
from postroom.outbound.statements import statement
from postroom.workspaces.models import Workspace

LIFETIME = timedelta(hours=24)
MAX_LENGTH = 255


class IdempotencyKeyError(PostroomError):
    """An Idempotency-Key has 1 to 255 printable ASCII characters, for example a UUID."""

    code = "invalid_idempotency_key"


class IdempotencyKeyReusedError(PostroomError):
    """This Idempotency-Key was used for another request within 24 hours; take a new key for new content."""

    code = "idempotency_key_reused"


def hash_json(body: bytes) -> bytes:
    """SHA-256 of the JSON in `body`, the same whatever its white space and the order of its fields."""
    canonical = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).digest()


def claim(workspace: Workspace, key: str, *, request_hash: bytes) -> list[UUID | None] | None:
    """Take `key` until the caller's transaction ends: None when it is new, else what `keep` stored for this request.

    Of two transactions that claim one key the second waits for the first. Raises IdempotencyKeyError, and
    IdempotencyKeyReusedError when the key belongs to another request.
    """
    if not (0 < len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        raise IdempotencyKeyError(field="Idempotency-Key")
    arguments: dict[str, Any] = {
        "workspace": workspace.pk,
        "key": key,
        "request_hash": request_hash,
        "lifetime": LIFETIME,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("claim_idempotency_key"), arguments)
        if cursor.fetchone():
            return None
    known = IdempotencyKey.objects.get(workspace=workspace, key=key)
    if bytes(known.request_hash) != request_hash:
        raise IdempotencyKeyReusedError(field="Idempotency-Key")
    return list(known.messages)


def keep(workspace: Workspace, key: str, *, messages: Sequence[UUID | None]) -> None:
    """Store what a claimed key stands for, in the transaction that claimed it; None where an item was refused."""
    IdempotencyKey.objects.filter(workspace=workspace, key=key).update(messages=list(messages))


def prune() -> int:
    """Remove expired keys; how many those were."""
    return IdempotencyKey.objects.filter(created_at__lte=Now() - LIFETIME).delete()[0]
