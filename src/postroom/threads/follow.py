"""How people come to follow a record, choose what they are told of, and leave."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from postroom.errors import PostroomError
from postroom.threads import tokens
from postroom.threads.models import Contact, Follower, Record, Subtype
from postroom.threads.registry import find_subtypes
from postroom.workspaces.models import Membership, User


class NotAMemberError(PostroomError):
    """This person is no member of the workspace; invite them, or let them follow as a contact."""

    code = "not_a_member"


@transaction.atomic
def follow(record: Record, who: User | Contact, *, subtypes: Sequence[str] | None = None) -> Follower:
    """Let `who` follow, or change what they are told of; `subtypes` None: the defaults, for a new follower.

    Raises UnknownSubtypeError, and NotAMemberError for a user of other workspaces.
    """
    if isinstance(who, User) and not Membership.objects.filter(workspace=record.workspace_id, user=who).exists():
        raise NotAMemberError(field="user")
    follower, is_new = Follower.objects.get_or_create(record=record, **_column(who))
    if subtypes is not None:
        follower.subtypes.set(find_subtypes(record.type, subtypes))
    elif is_new:
        defaults = record.type.subtypes.filter(is_default=True)
        follower.subtypes.set(defaults if isinstance(who, User) else defaults.filter(is_internal=False))
    return follower


def unfollow(record: Record, who: User | Contact) -> bool:
    """Whether they followed."""
    deleted, _ = Follower.objects.filter(record=record, **_column(who)).delete()
    return deleted > 0


def follower_by_token(token: str) -> Follower | None:
    """Whom the unfollow link of a notification belongs to; None for a forged one or who has left already."""
    found = tokens.follower_of(token)
    return None if found is None else followers().filter(pk=found).first()


def offered_subtypes(follower: Follower) -> list[tuple[Subtype, bool]]:
    """What the follower may choose from, and whether they did."""
    chosen = set(follower.subtypes.values_list("pk", flat=True))
    offered = _offered(follower).order_by("pk")
    return [(subtype, subtype.pk in chosen) for subtype in offered]


def choose_subtypes(follower: Follower, keys: Sequence[str]) -> None:
    """Let the follower be told of these, of what they may choose from; what is hidden from choice stays as it is."""
    offered = _offered(follower)
    follower.subtypes.remove(*offered.exclude(key__in=keys))
    follower.subtypes.add(*offered.filter(key__in=keys))


def followers() -> QuerySet[Follower]:
    return Follower.objects.select_related("record__type", "user", "contact")


def _offered(follower: Follower) -> QuerySet[Subtype]:
    offered = follower.record.type.subtypes.exclude(is_hidden=True)
    return offered if follower.user_id else offered.filter(is_internal=False)


def _column(who: User | Contact) -> dict[str, Any]:
    return {"user" if isinstance(who, User) else "contact": who}
