"""Was this request answered before? Keys that make a repeated submission harmless for 24 hours."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
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


def once(workspace: Workspace, key: str, *, request_hash: bytes, act: Callable[[], str]) -> tuple[str, bool]:
    """The answer that `act` gives, and False; or the one it gave when this request came before, and True.

    `act` runs in the transaction that takes the key: when it raises, the key stays free. Of two requests at once the
    second waits for the first. Raises IdempotencyKeyError, and IdempotencyKeyReusedError when the key belongs to
    another request.
    """
    if not (0 < len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        raise IdempotencyKeyError(field="Idempotency-Key")
    place = IdempotencyKey.objects.filter(workspace=workspace, key=key)
    with transaction.atomic():
        if not _claim(workspace, key, request_hash):
            known = place.get()
            if bytes(known.request_hash) != request_hash:
                raise IdempotencyKeyReusedError(field="Idempotency-Key")
            return known.answer, True
        answer = act()
        place.update(answer=answer)
    return answer, False


def _claim(workspace: Workspace, key: str, request_hash: bytes) -> bool:
    """Take `key` until the transaction ends; False when it was taken before."""
    arguments: dict[str, Any] = {
        "workspace": workspace.pk,
        "key": key,
        "request_hash": request_hash,
        "lifetime": LIFETIME,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("claim_idempotency_key"), arguments)
        return cursor.fetchone() is not None


def prune() -> int:
    """Remove expired keys; how many."""
    return IdempotencyKey.objects.filter(created_at__lte=Now() - LIFETIME).delete()[0]
