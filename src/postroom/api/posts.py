"""How does an application write in a thread, read it, and see whom it reached?"""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Query, Router
from pydantic import BaseModel, Field

from postroom.api.auth import KeyRequest
from postroom.api.people import PersonIn, find_person, tell_person
from postroom.api.records import find_thread
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import Addresses, AttachmentIn, Name, StoredBody
from postroom.policy.composition import read_addresses, read_attachments
from postroom.policy.notification import Way
from postroom.threads import envelope
from postroom.threads.envelope import Envelope, Told, envelope_of, told_of
from postroom.threads.models import Notification, Post
from postroom.threads.post import NewPost, post
from postroom.workspaces.models import Workspace

router = Router(tags=["conversations"])
notifications = Router(tags=["conversations"])


class PostIn(StoredBody):
    """Something to write in a thread."""

    kind: Annotated[Literal["comment", "note"], Field(description="A note is for users alone")] = "comment"
    author: Annotated[PersonIn | None, Field(description="Absent: the system")] = None
    subject: Annotated[str | None, Field(description="Absent: that of the thread")] = None
    text: str | None = None
    html: str | None = None
    subtype: Annotated[Name | None, Field(description="What it is about; absent: its kind")] = None
    to: Annotated[Addresses, Field(description="Whom it is addressed to, besides the followers")] = None
    cc: Addresses = None
    attachments: list[AttachmentIn] | None = None


class NotificationOut(BaseModel):
    """One recipient of a post, and whether it reached them."""

    id: int
    user: str | None
    contact: str | None
    way: Way
    envelope: Envelope
    status: Annotated[str, Field(description="Of the delivery; of the inbox: unread or read")]
    reason: Annotated[str, Field(description="Why it is in this state, in plain words")]
    reply: Annotated[str, Field(description="What the server said last")]


class FileOut(BaseModel):
    """A file that came with a post."""

    name: str
    content_type: str


class PostOut(BaseModel):
    """A post of a thread."""

    id: int
    record: int
    kind: Post.Kind
    author: str
    subject: str
    text: str
    html: str
    subtype: str | None
    to: list[str]
    cc: list[str]
    files: list[FileOut]
    message_id: str
    automatic: bool
    created_at: datetime
    envelope: Annotated[Envelope, Field(description="As bad as that of its worst recipient")]
    notifications: list[NotificationOut]


class PostListing(BaseModel):
    """Which posts to list."""

    before: Annotated[int | None, Field(description="Only posts older than this one")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="From 1 to 200; absent: 50")] = 50


class PostList(BaseModel):
    """A page of a thread, newest first."""

    posts: list[PostOut]
    next_before: Annotated[int | None, Field(description="Pass it as “before” for the next page; null: the last page")]


class Ignored(BaseModel):
    """What became of a request."""

    changed: int


@router.post("/{int:record_id}/posts", response={200: PostOut, **REFUSED}, summary="Write in a thread")
def post_post(request: KeyRequest, record_id: int, wanted: PostIn) -> dict[str, Any]:
    """Stores it and tells whom it concerns: followers of its subtype, and whom it is addressed to."""
    workspace = request.auth.workspace
    row = post(
        find_thread(workspace, record_id),
        NewPost(
            author=find_person(workspace, wanted.author) if wanted.author else None,
            text=wanted.text or "",
            html=wanted.html or "",
            subject=wanted.subject,
            kind=Post.Kind(wanted.kind),
            subtype=wanted.subtype,
            to=read_addresses(wanted.to, "to"),
            cc=read_addresses(wanted.cc, "cc"),
            files=tuple(read_attachments([file.model_dump() for file in wanted.attachments or ()])),
        ),
    )
    return tell_post(row)


@router.get("/{int:record_id}/posts", response={200: PostList, **REFUSED}, summary="Read a thread")
def list_posts(request: KeyRequest, record_id: int, listing: Query[PostListing]) -> dict[str, Any]:
    """Newest first, each with the envelope and its recipients."""
    found = find_thread(request.auth.workspace, record_id).posts.select_related("subtype").prefetch_related("files")
    if listing.before is not None:
        found = found.filter(pk__lt=listing.before)
    rows = list(found.order_by("-pk")[: listing.limit + 1])
    page = rows[: listing.limit]
    told = told_of(page)
    return {
        "posts": [_tell(row, told.get(row.pk, [])) for row in page],
        "next_before": page[-1].pk if len(rows) > len(page) else None,
    }


@notifications.post("/{int:notification_id}/retry", response={200: PostOut, **REFUSED}, summary="Tell once more")
def retry_notification(request: KeyRequest, notification_id: int) -> dict[str, Any]:
    """Tries to reach one recipient again, with settings as they are now; the answer is the post."""
    found = _find(request.auth.workspace, notification_id)
    envelope.retry(found)
    return tell_post(found.post)


@notifications.post("/{int:notification_id}/ignore", response={200: Ignored, **REFUSED}, summary="Leave it failed")
def ignore_notification(request: KeyRequest, notification_id: int) -> dict[str, int]:
    """The envelope is no longer red for this recipient."""
    found = _find(request.auth.workspace, notification_id)
    return {"changed": envelope.ignore(Notification.objects.filter(pk=found.pk))}


def tell_post(row: Post) -> dict[str, Any]:
    """The post with everybody who was told of it."""
    return _tell(row, told_of([row]).get(row.pk, []))


def _find(workspace: Workspace, notification_id: int) -> Notification:
    found = Notification.objects.filter(pk=notification_id, post__record__workspace=workspace)
    row = found.select_related("post__record__type", "post__record__workspace", "user", "contact").first()
    if row is None:
        raise NotFoundError("This workspace has no such notification.")
    return row


def _tell(row: Post, told: list[Told]) -> dict[str, Any]:
    return {
        "id": row.pk,
        "record": row.record_id,
        "kind": row.kind,
        "author": row.author,
        "subject": row.subject,
        "text": row.text,
        "html": row.html,
        "subtype": row.subtype.key if row.subtype else None,
        "to": row.to,
        "cc": row.cc,
        "files": [{"name": file.name, "content_type": file.content_type} for file in row.files.all()],
        "message_id": row.message_id,
        "automatic": row.is_automatic,
        "created_at": row.created_at,
        "envelope": envelope_of(told),
        "notifications": list(map(_tell_notification, told)),
    }


def _tell_notification(told: Told) -> dict[str, Any]:
    row = told.notification
    return {
        "id": row.pk,
        **tell_person(row.user, row.contact),
        "way": row.way,
        "envelope": told.envelope,
        "status": told.status,
        "reason": told.reason,
        "reply": told.reply,
    }
