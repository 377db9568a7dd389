"""Which processes say that they run."""

from django.db import models
from django.db.models.functions import Now


class Part(models.Model):
    """One process doing one part of the work; silent for too long, it counts as gone."""

    name = models.CharField(max_length=20)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "host", "pid"], name="part_once_per_process")]

    def __str__(self) -> str:
        return f"{self.name} {self.host} {self.pid}"
