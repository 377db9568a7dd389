"""Which record or follower does a token name that we once put into mail?

Three purposes, three signatures: who knows the marker of a thread does not know its reply address.
"""

from functools import cache

from postroom.domains.senders import REPLY
from postroom.policy.signed_number import make_token, read_token
from postroom.threads.models import Follower, Record
from postroom.vault import derive_key

_REPLY, _MARKER, _UNFOLLOW = b"reply", b"marker", b"unfollow"


def reply_address(record: Record, domain: str) -> str:
    """The signed address that answers to mail of the record's thread come to."""
    return f"{REPLY}+{_make(record.pk, _REPLY)}@{domain}"


def record_of_reply(token: str) -> int | None:
    """The id of the record whose reply address has this sub-address; None if we did not make it."""
    return _read(token, _REPLY)


def marker(record: Record) -> str:
    return _make(record.pk, _MARKER)


def record_of_marker(token: str) -> int | None:
    return _read(token, _MARKER)


def unfollow_token(follower: Follower) -> str:
    return _make(follower.pk, _UNFOLLOW)


def follower_of(token: str) -> int | None:
    return _read(token, _UNFOLLOW)


def _make(number: int, purpose: bytes) -> str:
    return make_token(number, purpose=purpose, key=_key())


def _read(token: str, purpose: bytes) -> int | None:
    return read_token(token, purpose=purpose, keys=[_key()])


@cache
def _key() -> bytes:
    return derive_key("threads")
