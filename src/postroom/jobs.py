"""Where background jobs are registered, and how async code uses the ORM."""

from collections.abc import Callable
from typing import Any, TypeVar

import django.db
import psycopg
from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections
from procrastinate.contrib.django import app

__all__ = ["DATABASE_AWAY", "POOL_SECONDS", "app", "in_own_thread", "in_thread"]

T = TypeVar("T")
# What a statement raises, by psycopg itself or through Django, when PostgreSQL is gone or restarts: try again later.
DATABASE_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, django.db.OperationalError, django.db.InterfaceError)

# How long one waits for a connection of a pool, and it goes on with ever longer pauses between its tries: PostgreSQL
# that is back is found soon, and nobody hangs on one that is away when it is time to stop.
POOL_SECONDS = 5.0


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call what uses the ORM from async code; a connection that died in the meantime is replaced first."""

    def call() -> T:
        close_old_connections()
        return function(*arguments)

    return await sync_to_async(call)()


async def in_own_thread(function: Callable[..., T], *arguments: Any) -> T:
    """As `in_thread`, for what may take seconds: the one thread that all others share goes on with its work."""

    def call() -> T:
        try:
            return function(*arguments)
        finally:
            connections.close_all()  # this thread's: nobody will use them again

    return await sync_to_async(call, thread_sensitive=False)()
