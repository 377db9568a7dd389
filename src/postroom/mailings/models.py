"""What is written once and sent often: templates."""

from django.db import models

from postroom.servers.models import OutgoingServer
from postroom.workspaces.models import Workspace


class Template(models.Model):
    """A message to be filled in; it may speak for a From of its own and force a server (requirements B6, D8)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="templates")
    name = models.CharField(max_length=200)
    header_from = models.TextField(blank=True, help_text="Empty: the author's")
    server = models.ForeignKey(
        OutgoingServer, null=True, blank=True, on_delete=models.PROTECT, related_name="templates"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="template_once_per_workspace")]

    def __str__(self) -> str:
        return self.name
