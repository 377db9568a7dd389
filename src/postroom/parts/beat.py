"""How a process says that its part of the work is being done: every few seconds, until it stops."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.db import DatabaseError, connection
from django.db.models.functions import Now

from postroom.parts.models import Part

log = structlog.get_logger()
BEAT_SECONDS = 5
# For processes that were killed on a machine that never came back; those of this machine are forgotten at once.
FORGET_AFTER = timedelta(hours=1)


@contextmanager
def beating(part: str, **facts: Any) -> Iterator[None]:
    """Say from a thread of its own that `part` runs here, as long as the context lasts.

    `facts` are plain values for operators. A database that is away is waited for: the work itself may go on.
    """
    stopped = threading.Event()
    thread = threading.Thread(target=_beat_until, args=(stopped, part, facts), name=f"{part}-beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=BEAT_SECONDS)  # a database that hangs must not keep the process from ending


def beat(part: str, **facts: Any) -> None:
    """Say once that `part` runs in this process."""
    Part.objects.update_or_create(**_here(part), defaults={"beat_at": Now(), "facts": facts})


def leave(part: str) -> None:
    """Say that this process has stopped doing `part`."""
    Part.objects.filter(**_here(part)).delete()


def forget_gone() -> None:
    """Remove the rows of killed processes, so that nobody takes their last word for a living one's."""
    here = Part.objects.filter(host=socket.gethostname())
    # Two containers may share a host name and not see each other's pids: the next beat puts a living one back.
    here.filter(pid__in=[pid for pid in here.values_list("pid", flat=True) if not _is_running(pid)]).delete()
    Part.objects.filter(beat_at__lt=Now() - FORGET_AFTER).delete()


def _beat_until(stopped: threading.Event, part: str, facts: dict[str, Any]) -> None:
    try:
        _attempt(part, forget_gone)
        while not stopped.is_set():
            _attempt(part, partial(beat, part, **facts))
            stopped.wait(BEAT_SECONDS)
        _attempt(part, partial(leave, part))
    finally:
        connection.close()


def _attempt(part: str, action: Callable[[], None]) -> None:
    try:
        action()
    except DatabaseError as error:
        log.warning("part.unheard", part=part, error=str(error).strip())
        connection.close()


def _here(part: str) -> dict[str, Any]:
    return {"name": part, "host": socket.gethostname(), "pid": os.getpid()}


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
