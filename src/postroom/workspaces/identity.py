"""Is this the installation that its data belongs to, or a copy that must send nothing outside?

A database that was copied for a trial still holds real queues, servers and passwords. So the data remembers where it
lives; found elsewhere, all outside mail is captured, and no mailbox is emptied, until a person says that this is right.
"""

import socket
import time

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.workspaces.models import Installation, Workspace

_ONLY = 1  # the key of the one row
_at_home_until: dict[str, float] = {}  # by identity, as time.monotonic() counts


class CaptureModeError(PostroomError):
    """This installation's address differs from the one its data belongs to, so nothing leaves it. Release it first."""

    code = "capture_mode"


def identity() -> str:
    """Where this installation is: the address that people type; the machine's name where none is set."""
    return settings.POSTROOM.url or socket.gethostname()


def captures() -> bool:
    """Whether this process must let no mail out. The first to ask of new data makes this its place; one query else."""
    return home() != identity()


def seems_to_capture() -> bool:
    """As `captures`, for pages that only say so: data found where it belongs is asked about once a minute."""
    here, now = identity(), time.monotonic()
    if _at_home_until.get(here, 0.0) > now:
        return False
    if captures():
        return True
    _at_home_until[here] = now + 60.0
    return False


def home() -> str:
    """Where the data belongs."""
    found = Installation.objects.filter(pk=_ONLY).values_list("identity", flat=True).first()
    if found is None:
        found = Installation.objects.get_or_create(pk=_ONLY, defaults={"identity": identity()})[0].identity
    return found


def release(*, by: str) -> None:
    """This is where the data belongs from now on: its mail leaves."""
    place = {"identity": identity(), "released_at": timezone.now(), "released_by": by}
    with transaction.atomic():
        Installation.objects.update_or_create(pk=_ONLY, defaults=place)
        # Workers that are sending to the capture server meet the new version with their next message, and stop.
        Workspace.objects.update(routing_version=F("routing_version") + 1)
