"""What has gone wrong that a person should mend? One open alert a cause, however often it strikes."""

from functools import cache
from importlib.resources import files

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from postroom.workspaces.models import Alert, Workspace


def raise_alert(
    workspace: Workspace | None, kind: str, subject: str, *, what_happened: str, what_to_do: str = ""
) -> None:
    """Open an alert, or count one more sign of a cause that has one; the newest words are kept.

    `workspace` None: it concerns the whole installation. `kind` and `subject` name the cause for programs, such as
    "dns" and "company-name.com"; the other two are sentences for people.
    """
    arguments = {
        "workspace": workspace.pk if workspace else None,
        "kind": kind,
        "subject": subject,
        "what_happened": what_happened,
        "what_to_do": what_to_do,
    }
    with connection.cursor() as cursor:
        cursor.execute(_raise_alert(), arguments)


def clear_alert(workspace: Workspace | None, kind: str, subject: str) -> bool:
    """The cause is gone; whether an alert was open for it."""
    return open_alerts().filter(workspace=workspace, kind=kind, subject=subject).update(resolved_at=Now()) > 0


def tell_again(workspace: Workspace | None, kind: str, subject: str) -> None:
    """It has grown worse: who was told of it hears of it once more."""
    open_alerts().filter(workspace=workspace, kind=kind, subject=subject).update(told_at=None)


def acknowledge(alert: Alert, *, by: str) -> None:
    """Somebody sees to the cause; the alert stays open until that is gone, and *Home* no longer shows it."""
    alert.acknowledged_at, alert.acknowledged_by = timezone.now(), by
    alert.save(update_fields=["acknowledged_at", "acknowledged_by"])


def open_alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(resolved_at=None)


@cache
def _raise_alert() -> str:
    return files("postroom.workspaces").joinpath("sql", "raise_alert.sql").read_text(encoding="utf-8")
