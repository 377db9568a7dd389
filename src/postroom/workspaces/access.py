"""What a person or key may see: the only place that decides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from postroom.errors import PostroomError
from postroom.policy import permission
from postroom.policy.permission import Action, Role
from postroom.workspaces.models import Alert, Company, Membership, User, Workspace

if TYPE_CHECKING:
    from postroom.domains.models import AliasDomain


class UnknownCompanyError(PostroomError):
    """This workspace has no such company."""

    code = "unknown_company"


class NotAllowedError(PostroomError):
    """Your role in this workspace does not allow that; ask an owner or administrator."""

    code = "not_allowed"


@dataclass(frozen=True, slots=True)
class Seat:
    """A person in one of their workspaces: what they may see and do there."""

    user: User
    workspace: Workspace
    role: Role

    @property
    def workspaces(self) -> QuerySet[Workspace]:
        """The one workspace, as the searches take it."""
        return Workspace.objects.filter(pk=self.workspace.pk)

    def may(self, action: Action) -> bool:
        return permission.may(self.role, action)

    def require(self, action: Action) -> None:
        """NotAllowedError unless the person may do this here."""
        if not self.may(action):
            raise NotAllowedError


def seats_of(user: User) -> Sequence[Seat]:
    """One for each workspace that the person belongs to, by name; one query."""
    memberships = Membership.objects.filter(user=user, user__is_active=True).select_related("workspace")
    return [
        Seat(user, membership.workspace, Role(membership.role))
        for membership in memberships.order_by("workspace__name", "workspace_id")
    ]


def workspaces_of(user: User) -> QuerySet[Workspace]:
    return Workspace.objects.filter(memberships__user=user, memberships__user__is_active=True)


def alerts_of(workspace: Workspace) -> QuerySet[Alert]:
    """Its own, and those that concern the whole installation."""
    return Alert.objects.filter(Q(workspace=workspace) | Q(workspace=None))


def alias_domains_of(workspace: Workspace) -> "QuerySet[AliasDomain]":
    return workspace.alias_domains.order_by("priority", "name", "id")


def company_of(workspace: Workspace, name: str | None) -> Company:
    """The named company, or the workspace's first one when no name is given."""
    return _company_of(workspace.pk, workspace.routing_version, name)


@lru_cache(maxsize=4096)
def _company_of(workspace_id: int, _version: int, name: str | None) -> Company:
    """Kept until something that routing reads changes, the companies' names among it: a trigger raises the version."""
    companies = Company.objects.select_related("workspace").filter(workspace=workspace_id).order_by("id")
    found = companies.first() if name is None else companies.filter(name__iexact=name).first()
    if found is not None:
        return found
    known = ", ".join(f"“{company.name}”" for company in companies[:20]) or "none yet"
    raise UnknownCompanyError(f"There is no company “{name or ''}”; this workspace has {known}.", field="company")
