"""How code asks for work to be done later, inside the current transaction; and how async jobs use the ORM."""

from collections.abc import Callable
from typing import Any, TypeVar

import django.db
import psycopg
from asgiref.sync import sync_to_async
from django.db import close_old_connections, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import JobDeferrer
from procrastinate.manager import JobManager

__all__ = ["DATABASE_AWAY", "app", "defer", "in_thread"]

T = TypeVar("T")
# What a statement raises, by psycopg itself or through Django, when PostgreSQL is gone or restarts: try again later.
DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, django.db.OperationalError, django.db.InterfaceError)


def defer(task: str, *, once: str | None = None, **arguments: Any) -> None:
    """Have `task` run after the current transaction commits.

    With `once`, nothing happens while a job with the same word is still waiting: a wake-up need not be given twice.
    """
    job = app.configure_task(task, queueing_lock=once).job
    # Inside a worker the app's own connector is another, outside of Django's transactions.
    deferrer = JobDeferrer(job=job, job_manager=JobManager(DjangoConnector()))
    try:
        with transaction.atomic():  # a refused insert must not spoil the caller's transaction
            deferrer.defer(**arguments)
    except AlreadyEnqueued:
        return


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call what uses the ORM from async code; a connection that died in the meantime is replaced first."""

    def call() -> T:
        close_old_connections()
        return function(*arguments)

    return await sync_to_async(call)()
