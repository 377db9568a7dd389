"""Mail that the capture server took, as it came."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Outcome(models.TextChoices):
    """What the client was told."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # after DATA, because a recipient's address asked for it
    DROPPED = "dropped"  # nothing: the connection was closed


class CapturedMessage(models.Model):
    """One message as it arrived, with its envelope. Kept: the newest ones, see store.py."""

    received_at = models.DateTimeField(db_default=Now())
    mail_from = models.TextField(blank=True, help_text="Of the envelope; empty for the null reverse-path")
    recipients = ArrayField(models.TextField(), help_text="Of the envelope, those not refused")
    header_from = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    raw = models.BinaryField()
    size_bytes = models.PositiveIntegerField()
    peer = models.TextField(blank=True, help_text="IP address of the client")
    tls = models.CharField(max_length=10, blank=True, help_text="TLSv1.3, …; empty in clear")
    login = models.TextField(blank=True, help_text="User name given with AUTH; any was accepted")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.ACCEPTED)
    reply = models.TextField(blank=True, help_text="The last word to the client; empty when dropped")

    def __str__(self) -> str:
        return f"{self.subject} to {', '.join(self.recipients)}"
