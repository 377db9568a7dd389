"""What waits for a user in the application? It needs no mail server."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from postroom.policy.notification import Way
from postroom.threads.models import Notification, Preference
from postroom.workspaces.models import User, Workspace


def unread(user: User, workspace: Workspace) -> QuerySet[Notification]:
    """Newest first."""
    own = Notification.objects.filter(user=user, way=Way.INBOX, read_at=None, post__record__workspace=workspace)
    return own.select_related("post__record").order_by("-id")


def mark_read(user: User, notifications: Iterable[int]) -> int:
    """How many of them were the user's and unread."""
    own = Notification.objects.filter(user=user, pk__in=notifications, read_at=None)
    return own.update(read_at=timezone.now())


def prefer(user: User, way: Way) -> None:
    """Let the user be told so from now on."""
    Preference.objects.update_or_create(user=user, defaults={"way": way.value})
