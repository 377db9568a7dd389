"""How does work with Django's ORM, which blocks, run beside an event loop?"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import close_old_connections, connections

T = TypeVar("T")


class DatabaseThreads:
    """A few threads, each with a database connection of its own that it keeps. What comes meanwhile waits its turn."""

    def __init__(self, count: int, *, name: str) -> None:
        self._count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Cancelled while it waits, it never starts; once started, it is finished."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _with_living_connection, work)

    def close(self) -> None:
        """Wait for the work under way and close the connections."""
        everyone = Barrier(self._count)  # a thread that waits for the others cannot take a second closing
        for _ in range(self._count):
            self._threads.submit(_close_connection, everyone)
        self._threads.shutdown()


def _with_living_connection(work: Callable[[], T]) -> T:
    close_old_connections()  # one that broke while nobody looked is replaced instead of failing the next mail
    try:
        return work()
    finally:
        close_old_connections()


def _close_connection(everyone: Barrier) -> None:
    everyone.wait()
    connections.close_all()
