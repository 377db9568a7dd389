"""Which conversations does a workspace have, the one with the newest post first?"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from postroom.errors import AddressError
from postroom.outbound.suppressions import normalise
from postroom.threads.envelope import failed
from postroom.threads.models import Follower, Post, Record
from postroom.workspaces.models import User, Workspace

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which conversations; what is empty or None does not narrow. `text`: a part of a name, an id, or an address."""

    type: str = ""
    text: str = ""
    followed_by: User | None = None
    is_paused: bool = False
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list; `older` is the `before` of the next one, None on the last."""

    rows: list[Record]
    older: int | None


def list_records(workspace: Workspace, wanted: Wanted, *, before: int | None = None) -> Page:
    """After the record `before`; two queries."""
    found = _narrow(workspace.records.filter(merged_into=None), wanted)
    if before is not None and (bound := _position(workspace, before)):
        found = found.filter(Q(active_at__lt=bound) | Q(active_at=bound, pk__lt=before))
    rows = list(found.select_related("type").order_by("-active_at", "-pk")[: PAGE_SIZE + 1])
    return Page(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None)


def _position(workspace: Workspace, record: int) -> datetime | None:
    return workspace.records.filter(pk=record).values_list("active_at", flat=True).first()


def _narrow(found: QuerySet[Record], wanted: Wanted) -> QuerySet[Record]:
    if wanted.type:
        found = found.filter(type__key=wanted.type)
    if wanted.text:
        found = found.filter(_says(wanted.text))
    if wanted.followed_by is not None:
        found = found.filter(Exists(Follower.objects.filter(record=OuterRef("pk"), user=wanted.followed_by)))
    if wanted.is_paused:
        found = found.filter(paused_at__isnull=False)
    if wanted.has_failed:
        found = found.filter(Exists(failed().filter(post__record=OuterRef("pk"))))
    return found


def _says(text: str) -> Q:
    """A whole address finds where it wrote or follows; anything else the name or the application's id."""
    said = Q(name__icontains=text) | Q(external_id=text)
    try:
        address = normalise(text)
    except AddressError:
        return said
    wrote = Post.objects.filter(Q(contact__address=address) | Q(user__email__iexact=address), record=OuterRef("pk"))
    follows = Follower.objects.filter(
        Q(contact__address=address) | Q(user__email__iexact=address), record=OuterRef("pk")
    )
    return said | Exists(wrote) | Exists(follows)
