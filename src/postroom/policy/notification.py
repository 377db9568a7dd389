"""Who is told of a post, and how?"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How somebody is told."""

    INBOX = "inbox"  # in the application; needs no mail server
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who may be told: `key` is the caller's, `address` in small letters, `way` what they prefer.

    Who is no user is always told by email.
    """

    key: object
    address: str
    way: Way
    is_user: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """`reader` is told by `way`."""

    reader: Reader
    way: Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom a post may concern.

    `followers`: those subscribed to its subtype; `author`: addresses of who wrote it; `reached`: addresses that have it
    by mail already; `own`: addresses of this system, which is told nothing. All in small letters.
    """

    followers: Iterable[Reader]
    author: Collection[str]
    reached: Collection[str] = ()
    own: Collection[str] = ()
    is_internal: bool = False
    is_automatic: bool = False
    """Written by a program: nobody outside is told, who may be a program as well."""


def choose(audience: Audience) -> list[Notice]:
    """Who is told by which way: nobody twice, and not the author."""
    return list(_without_repeats(filter(None, (_notice(reader, audience) for reader in audience.followers))))


def _notice(reader: Reader, audience: Audience) -> Notice | None:
    if reader.address in audience.author or reader.address in audience.own:
        return None
    if not reader.is_user and (audience.is_internal or audience.is_automatic):
        return None
    way = reader.way if reader.is_user else Way.EMAIL
    if way is Way.EMAIL and reader.address in audience.reached:
        return None
    return Notice(reader, way)


def _without_repeats(notices: Iterable[Notice]) -> Iterator[Notice]:
    """A user who is also a contact is told once; users come first, as they see more."""
    told: set[str] = set()
    for notice in sorted(notices, key=lambda notice: not notice.reader.is_user):
        if notice.reader.address not in told:
            told.add(notice.reader.address)
            yield notice
