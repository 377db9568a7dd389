"""How threads are put together and taken apart by hand, so that answers to either still find their place."""

from collections.abc import Sequence

from django.db import transaction

from postroom.errors import PostroomError
from postroom.threads.models import Follower, Post, Record
from postroom.threads.registry import create_record


class MergeError(PostroomError):
    """A record can be merged into another one of its workspace only, and once."""

    code = "cannot_merge"


@transaction.atomic
def merge(record: Record, into: Record) -> Record:
    """Put all posts and followers of `record` into the other's thread; answers to it come there, too. MergeError."""
    rows = list(Record.objects.select_for_update().filter(pk__in=[record.pk, into.pk]).order_by("pk"))
    merged_already = any(row.merged_into_id for row in rows)
    if len(rows) < 2 or record.workspace_id != into.workspace_id or merged_already:
        raise MergeError(field="into")
    record.posts.update(record=into)
    for follower in record.followers.all():
        _follow_as(follower, into)
    record.merged_into = into
    record.save(update_fields=["merged_into"])
    return into


def find_survivor(record: Record) -> Record:
    """The record that has its thread now: the one that it was merged into, however often; itself if it was not."""
    if record.merged_into_id is None:
        return record
    rows = Record.objects.select_related("type__workspace", "company__workspace", "workspace")
    return rows.get(pk=survivor_id(record))


def survivor_id(record: Record) -> int:
    seen = {record.pk}
    while record.merged_into is not None and record.merged_into_id not in seen:
        record = record.merged_into
        seen.add(record.pk)
    return record.pk


@transaction.atomic
def move(posts: Sequence[Post], to: Record) -> None:
    """Put posts into another thread of the workspace; answers to them come there. MergeError."""
    if any(post.record.workspace_id != to.workspace_id for post in posts) or to.merged_into_id:
        raise MergeError(field="record")
    for post in posts:
        if post.record_id != to.pk:
            post.moved_from, post.record = post.record, to
            post.save(update_fields=["moved_from", "record"])


@transaction.atomic
def split(record: Record, posts: Sequence[Post], *, name: str) -> Record:
    """A new record of the same type, company and followers, with these posts of the other's thread."""
    new = create_record(record.type, changes={"name": name, "company": record.company})
    for follower in record.followers.all():
        _follow_as(follower, new)
    move(posts, new)
    return new


def _follow_as(follower: Follower, record: Record) -> None:
    """Let who follows there follow here too, told of the subtypes of the same names."""
    copy, _ = Follower.objects.get_or_create(record=record, user=follower.user, contact=follower.contact)
    keys = follower.subtypes.values_list("key", flat=True)
    copy.subtypes.add(*record.type.subtypes.filter(key__in=list(keys)))
