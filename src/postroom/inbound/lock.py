"""How do workers that handle mail at the same moment decide one after another?"""

from functools import cache
from hashlib import sha256
from importlib.resources import files

from django.db import connection


def lock(subject: bytes) -> None:
    """Until the transaction ends nobody else gets the same lock; who waits for it sees what was committed before."""
    key = int.from_bytes(sha256(subject).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute(_statement(), {"key": key})


@cache
def _statement() -> str:
    return files("postroom.inbound").joinpath("sql", "lock.sql").read_text(encoding="utf-8")
