"""How does a person's own mailbox become a server that sends their mail and nobody else's?"""

from django.db import transaction
from django.db.models.functions import Now

from postroom.errors import PostroomError
from postroom.servers.models import OutgoingServer
from postroom.servers.oauth.providers import logs_in_with_oauth
from postroom.servers.save import save_server
from postroom.workspaces.audit import record_change, snapshot
from postroom.workspaces.models import Membership, User, Workspace

# Providers take a person's mailbox for a person's: Microsoft stops at so many, others grow suspicious.
MESSAGES_PER_MINUTE = 30


class NotYourMailboxError(PostroomError):
    """Connect the mailbox of the address you sign in with: mail may leave only as yourself."""

    code = "not_your_mailbox"


def personal_server(workspace: Workspace, user: User) -> OutgoingServer | None:
    """The one in use."""
    return OutgoingServer.objects.filter(workspace=workspace, owner=user, archived_at=None).first()


def new_personal_server(workspace: Workspace, user: User) -> OutgoingServer:
    """Not stored yet; to be filled in."""
    return OutgoingServer(
        workspace=workspace,
        owner=user,
        authentication=OutgoingServer.Authentication.GMAIL,
        username=user.email,
        max_messages_per_minute=MESSAGES_PER_MINUTE,
        max_connections=1,
    )


@transaction.atomic
def save_personal_server(server: OutgoingServer) -> OutgoingServer:
    """Store it as its owner's: it serves the address they sign in with, whatever it says itself.

    That address was proven by a mail; any other could be somebody else's. NotYourMailboxError, InvalidServerError.
    """
    owner = server.owner
    if owner is None or (logs_in_with_oauth(server) and server.username.lower() != owner.email):
        raise NotYourMailboxError(field="username")
    before = OutgoingServer.objects.filter(pk=server.pk).first()
    server.from_filter = owner.email
    server.name = f"{owner.name or owner.email} <{owner.email}>"[:200]
    save_server(server)
    record_change(server, workspace=server.workspace, by=owner, before=snapshot(before) if before else None)
    return server


def retire(membership: Membership) -> None:
    """Who leaves a workspace sends there no more: what waits is routed again."""
    rows = OutgoingServer.objects.filter(workspace=membership.workspace_id, owner=membership.user_id, archived_at=None)
    rows.update(archived_at=Now())
