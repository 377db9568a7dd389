"""How code asks for work to be done later: by task name, inside the current transaction."""

from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

__all__ = ["app", "defer"]


def defer(task: str, *, once: str | None = None, **arguments: Any) -> None:
    """Have `task` run after the current transaction commits.

    With `once`, nothing happens while a job with the same word is still waiting: a wake-up need not be given twice.
    """
    try:
        with transaction.atomic():  # a refused insert must not spoil the caller's transaction
            app.configure_task(task, queueing_lock=once).defer(**arguments)
    except AlreadyEnqueued:
        return
