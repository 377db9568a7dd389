"""How does a stranger come to a workspace of their own on a hosted platform?

The address comes first: only who reads the mail that is sent to it chooses a name. So nobody learns which addresses are
known, and no name is kept for who never comes back.
"""

import hashlib
import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from postroom.errors import PostroomError
from postroom.policy.permission import Role
from postroom.policy.workspace_name import NameFault, name_fault
from postroom.workspaces.audit import record_change
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Membership, SignUp, User, Workspace
from postroom.workspaces.plans import follow_plan, plan_for_new

LASTS = timedelta(hours=24)
PLATFORM = "platform"  # reserved, so nobody else's


class NameTakenError(PostroomError):
    """There is a workspace of that name already. Choose another one."""

    code = "workspace_taken"


class NameLengthError(PostroomError):
    """A workspace's name has 3 to 63 characters."""

    code = "workspace_name_length"


class NameCharactersError(PostroomError):
    """Write a name of small letters, digits and hyphens between them: it becomes your sub-domain."""

    code = "workspace_name_characters"


class NameReservedError(PostroomError):
    """This name is kept for the platform itself. Choose another one."""

    code = "workspace_name_reserved"


_REFUSALS = {
    NameFault.LENGTH: NameLengthError,
    NameFault.CHARACTERS: NameCharactersError,
    NameFault.LOOKS_FOREIGN: NameCharactersError,
    NameFault.RESERVED: NameReservedError,
}


def begin(email: str) -> str:
    """The token of the link to be mailed to `email`, known only now; an older link ends."""
    token = secrets.token_urlsafe(32)
    SignUp.objects.filter(expires_at__lt=timezone.now()).delete()
    SignUp.objects.update_or_create(
        email=email.lower(), defaults={"digest": _digest(token), "expires_at": timezone.now() + LASTS}
    )
    return token


def find(token: str) -> SignUp | None:
    """None for one that is over, was used, or never was."""
    return SignUp.objects.filter(digest=_digest(token), expires_at__gt=timezone.now()).first()


def check_name(name: str) -> None:
    """NameTakenError, or the fault of the name itself, as errors whose `field` is “slug”."""
    if fault := name_fault(name):
        raise _REFUSALS[fault](field="slug")
    if Workspace.objects.filter(slug=name).exists():
        raise NameTakenError(field="slug")


def finish(sign_up: SignUp, owner: User, *, name: str, company: str) -> Workspace:
    """A workspace that can send and receive at once, on the plan for new ones; errors as `check_name`."""
    check_name(name)
    try:
        with transaction.atomic():
            workspace = create_workspace(name, company=company)
            workspace.plan = plan_for_new()
            follow_plan(workspace)
            workspace.save(update_fields=["plan", "default_server_daily_limit"])
            membership = Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER.value)
            record_change(membership, workspace=workspace, by=owner, before=None)
            sign_up.delete()
    except (IntegrityError, ValidationError):  # somebody else was a moment faster
        raise NameTakenError(field="slug") from None
    return workspace


def platform_workspace() -> Workspace:
    """In whose name the platform itself writes; made when first needed, without limits."""
    found = Workspace.objects.filter(slug=PLATFORM).first()
    return found or create_workspace(PLATFORM, company="Postroom")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
