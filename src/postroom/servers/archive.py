"""How an outgoing server is taken out of use: archived, never deleted, and not while something needs it (C4)."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.servers.models import DedicatedServer, OutgoingServer


class ServerInUseError(PostroomError):
    """This server is in use; choose another one there first."""

    code = "server_in_use"


@dataclass(frozen=True, slots=True)
class Usage:
    """What counts on a server, for a person to look up; `template` is the id of one, None: it is the setting."""

    words: str
    template: int | None = None


def usages(server: OutgoingServer) -> list[Usage]:
    found = []
    if DedicatedServer.objects.filter(server=server).exists():
        found.append(Usage("Settings → Email Marketing → Dedicated Server"))
    # Templates live above this app; they are found by their foreign key to the server.
    templates = server.templates.order_by("name")[:20]
    return found + [Usage(f"the template “{template.name}”", template.pk) for template in templates]


@transaction.atomic
def archive(server: OutgoingServer) -> None:
    """Never choose this server again. ServerInUseError lists who still counts on it."""
    if users := usages(server):
        names = ", ".join(user.words for user in users)
        raise ServerInUseError(f"“{server.name}” is used by {names}; choose another server there first.")
    server.archived_at = timezone.now()
    server.save(update_fields=["archived_at"])


def restore(server: OutgoingServer) -> None:
    server.archived_at = None
    server.save(update_fields=["archived_at"])
