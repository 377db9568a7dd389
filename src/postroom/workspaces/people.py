"""Who belongs to a workspace, as what, and how people come and go."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.policy.permission import Role, may_give
from postroom.workspaces.access import NotAllowedError, Seat
from postroom.workspaces.audit import record_change, record_removal, snapshot
from postroom.workspaces.models import Invitation, Membership, User, Workspace

INVITATION_LASTS = timedelta(days=7)


class LastOwnerError(PostroomError):
    """A workspace keeps at least one owner. Make somebody else an owner first."""

    code = "last_owner"


class AlreadyMemberError(PostroomError):
    """This person belongs to the workspace already; change their role in the list."""

    code = "already_member"


@transaction.atomic
def invite(seat: Seat, email: str, *, role: Role) -> tuple[Invitation, str]:
    """The invitation and its token, known only now; an older one to the same address ends.

    NotAllowedError for a role that this person may not give, AlreadyMemberError.
    """
    _require_may_give(seat, role)
    email = email.lower()
    if Membership.objects.filter(workspace=seat.workspace, user__email=email).exists():
        raise AlreadyMemberError(field="email")
    token = secrets.token_urlsafe(32)
    Invitation.objects.filter(workspace=seat.workspace, email=email).delete()
    invitation = Invitation.objects.create(
        workspace=seat.workspace,
        email=email,
        role=role.value,
        invited_by=seat.user,
        digest=_digest(token),
        expires_at=timezone.now() + INVITATION_LASTS,
    )
    record_change(invitation, workspace=seat.workspace, by=seat.user, before=None)
    return invitation, token


def find_invitation(token: str) -> Invitation | None:
    """None for one that is over, was taken back, or never was."""
    open_ones = Invitation.objects.select_related("workspace").filter(expires_at__gt=timezone.now())
    return open_ones.filter(digest=_digest(token)).first()


@transaction.atomic
def accept(invitation: Invitation, user: User) -> None:
    """The person joins with the role they were invited for; whoever belongs already keeps theirs."""
    membership, is_new = Membership.objects.get_or_create(
        workspace=invitation.workspace, user=user, defaults={"role": invitation.role}
    )
    if is_new:
        record_change(membership, workspace=invitation.workspace, by=user, before=None)
    invitation.delete()


@transaction.atomic
def take_back(seat: Seat, invitation: Invitation) -> None:
    record_removal(invitation, workspace=seat.workspace, by=seat.user)
    invitation.delete()


@transaction.atomic
def change_role(seat: Seat, membership: Membership, role: Role) -> None:
    """NotAllowedError when the old or the new role is not theirs to give, LastOwnerError."""
    _require_may_give(seat, Role(membership.role))
    _require_may_give(seat, role)
    if role is not Role.OWNER:
        _keep_an_owner(seat.workspace, without=membership)
    before = snapshot(membership)
    membership.role = role.value
    membership.save(update_fields=["role"])
    record_change(membership, workspace=seat.workspace, by=seat.user, before=before)


@transaction.atomic
def remove(seat: Seat, membership: Membership) -> None:
    """The person belongs to the workspace no longer. Anybody may leave; else NotAllowedError. LastOwnerError."""
    if membership.user_id != seat.user.pk:
        _require_may_give(seat, Role(membership.role))
    _keep_an_owner(seat.workspace, without=membership)
    record_removal(membership, workspace=seat.workspace, by=seat.user)
    membership.delete()


def language_for(workspace: Workspace, address: str) -> str:
    """In which a mail to `address` is written: the own one of a person of the workspace, else that of its owner."""
    members = workspace.memberships.filter(user__is_active=True).exclude(user__language="").order_by("pk")
    choices = members.filter(Q(user__email__iexact=address) | Q(role=Role.OWNER.value))
    languages = choices.values_list("user__email", "user__language")
    own = [language for email, language in languages if email.lower() == address.lower()]
    return next(iter([*own, *(language for _email, language in languages)]), settings.LANGUAGE_CODE)


def _require_may_give(seat: Seat, role: Role) -> None:
    if not may_give(seat.role, role):
        raise NotAllowedError


def _keep_an_owner(workspace: Workspace, *, without: Membership) -> None:
    # Locked: two owners who remove each other at the same moment must not both succeed.
    owners = Membership.objects.select_for_update().filter(workspace=workspace, role=Role.OWNER.value)
    if {owner.pk for owner in owners} == {without.pk}:
        raise LastOwnerError


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
