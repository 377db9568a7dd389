"""Who follows a record, and what are they told of?"""

from typing import Annotated, Any

from ninja import Router
from pydantic import BaseModel, Field

from postroom.api.auth import KeyRequest
from postroom.api.people import PersonIn, find_person, tell_person
from postroom.api.records import find_thread
from postroom.api.refusals import REFUSED
from postroom.api.schemas import Name
from postroom.threads.follow import follow, unfollow
from postroom.threads.models import Follower

router = Router(tags=["conversations"])


class FollowerIn(PersonIn):
    """A user or a contact who is to be told."""

    subtypes: Annotated[
        list[Name] | None, Field(max_length=50, description="Keys; absent: the defaults for a new follower")
    ] = None


class FollowerOut(BaseModel):
    """A follower."""

    user: str | None
    contact: str | None
    subtypes: list[str]


class FollowerList(BaseModel):
    """Everybody who follows a record."""

    followers: list[FollowerOut]


class Unfollowed(BaseModel):
    """Whether they followed."""

    changed: int


@router.post("/{int:record_id}/followers", response={200: FollowerOut, **REFUSED}, summary="Let somebody follow")
def post_follower(request: KeyRequest, record_id: int, wanted: FollowerIn) -> dict[str, Any]:
    """Or change what they are told of."""
    workspace = request.auth.workspace
    person = find_person(workspace, wanted)
    return _tell(follow(find_thread(workspace, record_id), person, subtypes=wanted.subtypes))


@router.post("/{int:record_id}/unfollow", response={200: Unfollowed, **REFUSED}, summary="Let somebody leave")
def post_unfollow(request: KeyRequest, record_id: int, wanted: PersonIn) -> dict[str, int]:
    """They are told nothing more of this record."""
    workspace = request.auth.workspace
    return {"changed": int(unfollow(find_thread(workspace, record_id), find_person(workspace, wanted)))}


@router.get("/{int:record_id}/followers", response={200: FollowerList, **REFUSED}, summary="List followers")
def list_followers(request: KeyRequest, record_id: int) -> dict[str, Any]:
    """Users and contacts, in the order they came."""
    found = find_thread(request.auth.workspace, record_id).followers.select_related("user", "contact")
    return {"followers": list(map(_tell, found.prefetch_related("subtypes").order_by("id")))}


def _tell(row: Follower) -> dict[str, Any]:
    return {**tell_person(row.user, row.contact), "subtypes": sorted(subtype.key for subtype in row.subtypes.all())}
