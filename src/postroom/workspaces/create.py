"""What a new workspace starts with, so that it can send at once (requirement A1)."""

from django.db import transaction

from postroom.workspaces.models import Company, SystemParameter, Workspace
from postroom.workspaces.parameters import DEFAULT_FROM_FILTER


@transaction.atomic
def create_workspace(slug: str, *, company: str) -> Workspace:
    """A workspace with its first company. ValidationError when the name cannot be a sub-domain."""
    workspace = Workspace(slug=slug, name=company)
    workspace.full_clean()
    workspace.save()
    Company.objects.create(workspace=workspace, name=company)
    SystemParameter.objects.create(workspace=workspace, key=DEFAULT_FROM_FILTER, value=workspace.subdomain)
    return workspace
