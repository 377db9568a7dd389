"""Who is told by HTTP what happened, and what is still to be told."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

from postroom.policy.webhook import Event
from postroom.vault import SealedField
from postroom.workspaces.models import Workspace


class Webhook(models.Model):
    """A URL of a workspace that is told of some events."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(max_length=2_000)
    secret = SealedField(help_text="As Standard Webhooks writes it: whsec_ and base64")
    events = ArrayField(models.CharField(max_length=40, choices=[(event.value, event.value) for event in Event]))
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True, help_text="When it took an event last")
    # Failures in a row; while it rests, nothing is tried.
    faults = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)
    fault = models.TextField(blank=True, help_text="The last one, in plain words")

    def __str__(self) -> str:
        return self.url


class WebhookEvent(models.Model):
    """An event on its way to one webhook; gone once it has arrived or was tried for too long.

    Rows of outgoing mail are written by a trigger (outbound's migrations), in the transaction of the change itself.
    """

    id = models.UUIDField(primary_key=True, db_default=RandomUUID())
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, db_index=False, related_name="outbox")
    type = models.CharField(max_length=40)
    payload = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    failures = models.PositiveSmallIntegerField(db_default=0)

    class Meta:
        # deliver._claim: what of a webhook is due, oldest first.
        indexes = [models.Index(fields=["webhook", "due_at"], name="webhook_event_due")]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"
