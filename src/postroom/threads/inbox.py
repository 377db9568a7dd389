"""What waits for a user in the application? It needs no mail server."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from postroom.policy.notification import Way
from postroom.threads.audience import DEFAULT_WAY
from postroom.threads.models import Notification, Preference
from postroom.workspaces.models import User, Workspace

MOST_COUNTED = 1_000


def received(user: User, workspace: Workspace) -> QuerySet[Notification]:
    """What the user was told in the application, newest first."""
    own = Notification.objects.filter(user=user, way=Way.INBOX.value, post__record__workspace=workspace)
    return own.select_related("post__record__type").order_by("-id")


def unread(user: User, workspace: Workspace) -> QuerySet[Notification]:
    """Newest first."""
    return received(user, workspace).filter(read_at=None)


def count_unread(user: User, workspace: Workspace) -> int:
    """MOST_COUNTED at most."""
    return unread(user, workspace)[:MOST_COUNTED].count()


def mark_all_read(user: User, workspace: Workspace) -> int:
    """How many there were."""
    return unread(user, workspace).update(read_at=timezone.now())


def mark_read(user: User, notifications: Iterable[int]) -> int:
    """How many of them were the user's and unread."""
    own = Notification.objects.filter(user=user, pk__in=notifications, read_at=None)
    return own.update(read_at=timezone.now())


def prefer(user: User, way: Way, *, wants_digest: bool = False) -> None:
    """Let the user be told so from now on; `wants_digest`: a mail a day about what waits in the inbox."""
    Preference.objects.update_or_create(user=user, defaults={"way": way.value, "wants_digest": wants_digest})


def preference_of(user: User) -> dict[str, Any]:
    """What `prefer` takes."""
    chosen = Preference.objects.filter(user=user).values("way", "wants_digest").first()
    return {**chosen} if chosen else {"way": DEFAULT_WAY.value, "wants_digest": False}
