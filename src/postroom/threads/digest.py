"""Who is to be mailed today what waits in their inbox, and what is it?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from postroom.threads import inbox
from postroom.threads.models import Notification, Preference
from postroom.workspaces.access import workspaces_of
from postroom.workspaces.models import Workspace

# In the morning of the person, before their day begins.
HOUR = 7
MOST_TOLD = 30


@dataclass(frozen=True, slots=True)
class Summary:
    """What waits for a user in one workspace: the newest, and how many there are, inbox.MOST_COUNTED at most."""

    workspace: Workspace
    newest: list[Notification]
    count: int


def due(now: datetime) -> list[Preference]:
    """Of the users who want one and had none on their today."""
    wanting = Preference.objects.filter(wants_digest=True, user__is_active=True).select_related("user")
    return [preference for preference in wanting if _is_due(preference, now)]


def claim(preference: Preference, now: datetime) -> bool:
    """Whether it is for the caller to send: another worker may have been first. In the transaction that sends it."""
    same = Preference.objects.filter(pk=preference.pk, digest_sent_at=preference.digest_sent_at)
    return same.update(digest_sent_at=now) == 1


def summaries(preference: Preference) -> Iterator[Summary]:
    """One for each workspace in which something came since the last one."""
    for workspace in workspaces_of(preference.user):
        waiting = inbox.unread(preference.user, workspace)
        since = preference.digest_sent_at
        if (waiting.filter(created_at__gt=since) if since else waiting).exists():
            count = inbox.count_unread(preference.user, workspace)
            yield Summary(workspace, list(waiting[:MOST_TOLD]), count)


def _is_due(preference: Preference, now: datetime) -> bool:
    zone = ZoneInfo(preference.user.time_zone)
    today, last = now.astimezone(zone), preference.digest_sent_at
    return today.hour >= HOUR and (last is None or last.astimezone(zone).date() < today.date())
