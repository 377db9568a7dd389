"""Which parts of this installation are ready, as far as the database knows."""

import socket
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now

from postroom.parts.beat import BEAT_SECONDS
from postroom.parts.models import Part

NAMES = ("web", "submission", "capture", "mx", "lmtp", "worker")
# Three beats: one may be late on a busy machine, two are no accident.
SILENT_AFTER = timedelta(seconds=3 * BEAT_SECONDS)
AWAY = (OperationalError, InterfaceError)


class Condition(StrEnum):
    """What can be said of a part."""

    READY = "ready"
    SILENT = "silent"  # it started and has not been heard of for a while
    ABSENT = "absent"  # no process does it
    UNKNOWN = "unknown"  # the database, through which parts are heard, is away
    UNREACHABLE = "unreachable"  # the database itself


@dataclass(frozen=True, slots=True)
class PartState:
    """One part: its condition, how many processes are ready, the age of the last beat in seconds (None: never)."""

    condition: Condition
    processes: int = 0
    beat_age: float | None = None


def state() -> dict[str, PartState]:
    """The state of every part, by name. OperationalError or InterfaceError when the database is away."""
    ages: dict[str, list[timedelta]] = {}
    for name, age in Part.objects.annotate(age=Now() - F("beat_at")).values_list("name", "age"):
        ages.setdefault(name, []).append(age)
    return {name: _judge(ages.get(name, [])) for name in NAMES}


def runs_here(part: str) -> bool:
    """True when a process of this machine has said lately that it does `part`."""
    fresh = Part.objects.filter(beat_at__gt=Now() - SILENT_AFTER)
    return fresh.filter(name=part, host=socket.gethostname()).exists()


def health(*, within: float) -> dict[str, PartState]:
    """As `state`, with a row for the database and an answer after `within` seconds at the latest, whatever hangs."""
    reading: Future[dict[str, PartState]] = _reader.submit(_read)
    try:
        return {"database": PartState(Condition.READY), **reading.result(timeout=within)}
    except (*AWAY, TooLate):
        reading.cancel()
        unheard = {name: PartState(Condition.UNKNOWN) for name in NAMES}
        return {"database": PartState(Condition.UNREACHABLE), **unheard}


def is_healthy(states: Iterable[PartState]) -> bool:
    return all(state.condition is Condition.READY for state in states)


def _judge(ages: list[timedelta]) -> PartState:
    if not ages:
        return PartState(Condition.ABSENT)
    fresh = sum(age < SILENT_AFTER for age in ages)
    return PartState(Condition.READY if fresh else Condition.SILENT, fresh, round(min(ages).total_seconds(), 1))


# One thread: while a read hangs, later ones wait behind it and are given up in time, instead of piling up.
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")


def _read() -> dict[str, PartState]:
    try:
        return state()
    except AWAY:
        connection.close()
        raise
