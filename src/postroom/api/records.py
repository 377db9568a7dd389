"""How does an application tell of its records, and put their threads together or apart?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import BaseModel, Field, StringConstraints

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import Name, RequestBody, Storable, StoredBody
from postroom.threads import loops, merge
from postroom.threads.merge import find_survivor
from postroom.threads.models import Post, Record
from postroom.threads.registry import change_record, find_type, put_record
from postroom.workspaces.access import company_of
from postroom.workspaces.models import Workspace

router = Router(tags=["conversations"])

ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^(https?://[^\s\x00-\x1f\x7f]*)?$")]


class RecordIn(StoredBody):
    """A record of the application."""

    type: Annotated[Name, Field(description="Key of a record type")]
    external_id: Annotated[ExternalId, Field(description="As the application calls it; once in its type")]
    name: Annotated[str, Field(min_length=1, max_length=500)]
    url: Annotated[Url | None, Field(description="Where the application shows it; absent: unchanged")] = None
    company: Annotated[Name | None, Field(description="In whose name it writes; absent: unchanged")] = None


class RecordChange(StoredBody):
    """What an application says of a record that an alias made."""

    external_id: ExternalId | None = None
    name: Annotated[str | None, Field(min_length=1, max_length=500)] = None
    url: Url | None = None


class RecordOut(BaseModel):
    """A record."""

    id: int
    type: str
    external_id: str | None
    name: str
    url: str
    company: str
    values: Annotated[dict[str, Any], Field(description="Default values of the alias that made it")]
    merged_into: Annotated[int | None, Field(description="The record whose thread holds its posts")]
    paused: Annotated[bool, Field(description="No mail leaves for it: a loop")]
    pause_reason: str
    created_at: datetime


class RecordListing(Storable):
    """Which records to list."""

    type: str | None = None
    external_id: str | None = None
    after: Annotated[int | None, Field(description="Only records with a greater id")] = None
    limit: Annotated[int, Field(ge=1, le=1_000, description="From 1 to 1,000; absent: 100")] = 100


class RecordList(BaseModel):
    """A page of records, by id."""

    records: list[RecordOut]
    next_after: Annotated[int | None, Field(description="Pass it as “after” for the next page; null: the last page")]


class MergeIn(RequestBody):
    """The record that takes the posts."""

    into: int


class SplitIn(StoredBody):
    """The posts that get a record of their own, and its name."""

    posts: Annotated[list[int], Field(min_length=1, max_length=1_000)]
    name: Annotated[str, Field(min_length=1, max_length=500)]


class MoveIn(RequestBody):
    """The posts that go into another thread."""

    posts: Annotated[list[int], Field(min_length=1, max_length=1_000)]
    to: int


@router.post("", response={200: RecordOut, **REFUSED}, summary="Register a record")
def post_record(request: KeyRequest, wanted: RecordIn) -> dict[str, Any]:
    """Creates it, or changes what is given of it."""
    workspace = request.auth.workspace
    changes: dict[str, Any] = {"name": wanted.name}
    if wanted.url is not None:
        changes["url"] = wanted.url
    if wanted.company is not None:
        changes["company"] = company_of(workspace, wanted.company)
    return tell_record(put_record(find_type(workspace, wanted.type), wanted.external_id, changes=changes))


@router.get("", response={200: RecordList, **REFUSED}, summary="List records")
def list_records(request: KeyRequest, listing: Query[RecordListing]) -> dict[str, Any]:
    """By id; next_after leads to the next page."""
    found = _records(request.auth.workspace)
    if listing.type is not None:
        found = found.filter(type__key=listing.type)
    if listing.external_id is not None:
        found = found.filter(external_id=listing.external_id)
    if listing.after is not None:
        found = found.filter(pk__gt=listing.after)
    rows = list(found.order_by("pk")[: listing.limit + 1])
    page = rows[: listing.limit]
    return {"records": list(map(tell_record, page)), "next_after": page[-1].pk if len(rows) > len(page) else None}


@router.get("/{int:record_id}", response={200: RecordOut, **REFUSED}, summary="See a record")
def get_record(request: KeyRequest, record_id: int) -> dict[str, Any]:
    """Also one that was merged into another."""
    return tell_record(find_record(request.auth.workspace, record_id))


@router.patch("/{int:record_id}", response={200: RecordOut, **REFUSED}, summary="Change a record")
def patch_record(request: KeyRequest, record_id: int, wanted: RecordChange) -> dict[str, Any]:
    """For instance to give its id in the application to one that an alias made."""
    record = find_record(request.auth.workspace, record_id)
    return tell_record(change_record(record, wanted.model_dump(exclude_none=True)))


@router.post("/{int:record_id}/merge", response={200: RecordOut, **REFUSED}, summary="Merge into another record")
def merge_record(request: KeyRequest, record_id: int, wanted: MergeIn) -> dict[str, Any]:
    """Its posts, followers and future answers go to the other's thread; the answer is the other record."""
    workspace = request.auth.workspace
    return tell_record(merge.merge(find_record(workspace, record_id), find_record(workspace, wanted.into)))


@router.post("/{int:record_id}/split", response={200: RecordOut, **REFUSED}, summary="Split posts off")
def split_record(request: KeyRequest, record_id: int, wanted: SplitIn) -> dict[str, Any]:
    """The posts get a record of their own, with the same followers; answers to them come there."""
    record = find_thread(request.auth.workspace, record_id)
    return tell_record(merge.split(record, _posts(record, wanted.posts), name=wanted.name))


@router.post("/{int:record_id}/move", response={200: RecordOut, **REFUSED}, summary="Move posts to another record")
def move_posts(request: KeyRequest, record_id: int, wanted: MoveIn) -> dict[str, Any]:
    """Answers to them come there, too; the answer is the other record."""
    workspace = request.auth.workspace
    record, to = find_thread(workspace, record_id), find_record(workspace, wanted.to)
    merge.move(_posts(record, wanted.posts), to)
    return tell_record(to)


@router.post("/{int:record_id}/resume", response={200: RecordOut, **REFUSED}, summary="Resume a paused thread")
def resume_record(request: KeyRequest, record_id: int) -> dict[str, Any]:
    """Mail leaves for it again; what was not mailed meanwhile is not sent afterwards."""
    record = find_thread(request.auth.workspace, record_id)
    loops.resume(record)
    return tell_record(record)


def find_record(workspace: Workspace, record_id: int) -> Record:
    """NotFoundError when the workspace has none of that id."""
    found = _records(workspace).filter(pk=record_id).first()
    if found is None:
        raise NotFoundError("This workspace has no such record.")
    return found


def find_thread(workspace: Workspace, record_id: int) -> Record:
    """The record whose thread has the posts: the one that it was merged into, or itself. NotFoundError."""
    return find_survivor(find_record(workspace, record_id))


def tell_record(record: Record) -> dict[str, Any]:
    return {
        "id": record.pk,
        "type": record.type.key,
        "external_id": record.external_id or None,
        "name": record.name,
        "url": record.url,
        "company": record.company.name,
        "values": record.values,
        "merged_into": record.merged_into_id,
        "paused": record.paused_at is not None,
        "pause_reason": record.pause_reason,
        "created_at": record.created_at,
    }


def _posts(record: Record, ids: Sequence[int]) -> list[Post]:
    """NotFoundError unless all of them are in the record's thread."""
    found = list(record.posts.filter(pk__in=ids))
    if missing := set(ids) - {post.pk for post in found}:
        raise NotFoundError(f"This thread has no post {min(missing)}.", field="posts")
    return found


def _records(workspace: Workspace) -> QuerySet[Record]:
    return workspace.records.select_related("type__workspace", "company__workspace", "workspace", "merged_into")
