"""How an outgoing server is taken out of use: archived, never deleted, and not while something needs it (C4)."""

from django.db import transaction
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.servers.models import DedicatedServer, OutgoingServer


class ServerInUseError(PostroomError):
    """This server is in use; choose another one there first."""

    code = "server_in_use"


def usages(server: OutgoingServer) -> list[str]:
    """What counts on this server, in words that a person can look up."""
    found = []
    if DedicatedServer.objects.filter(server=server).exists():
        found.append("Settings → Email Marketing → Dedicated Server")
    # Templates live above this app; they are found by their foreign key to the server.
    found += [f"template “{template}”" for template in server.templates.order_by("name")[:20]]
    return found


@transaction.atomic
def archive(server: OutgoingServer) -> None:
    """Never choose this server again. ServerInUseError lists who still counts on it."""
    if users := usages(server):
        raise ServerInUseError(f"“{server.name}” is used by {', '.join(users)}; choose another server there first.")
    server.archived_at = timezone.now()
    server.save(update_fields=["archived_at"])


def restore(server: OutgoingServer) -> None:
    server.archived_at = None
    server.save(update_fields=["archived_at"])
