"""Is each part's state told rightly, and in time, even when the database is not there?"""

import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from postroom.parts import state
from postroom.parts.beat import beat, beating, forget_gone, leave
from postroom.parts.models import Part
from postroom.parts.state import Condition
from tests.installation import wait_until
from tests.peers.waiting import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.django_db
def test_calls_a_part_ready_that_has_just_been_heard_of() -> None:
    beat("worker", lanes=2)
    beat("worker", lanes=3)
    assert state.state()["worker"].condition is Condition.READY
    assert state.state()["worker"].processes == 1
    assert Part.objects.get().facts == {"lanes": 3}


@pytest.mark.django_db
def test_calls_a_part_silent_after_three_missed_beats() -> None:
    beat("worker")
    Part.objects.update(beat_at=timezone.now() - timedelta(seconds=15))
    found = state.state()["worker"]
    assert (found.condition, found.processes) == (Condition.SILENT, 0)
    assert found.beat_age is not None
    assert found.beat_age >= 15


@pytest.mark.django_db
def test_calls_a_part_ready_while_one_of_its_processes_is() -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    Part.objects.create(name="worker", host="other-machine", pid=1, beat_at=long_ago)
    beat("worker")
    found = state.state()["worker"]
    assert (found.condition, found.processes) == (Condition.READY, 1)


@pytest.mark.django_db
def test_calls_a_part_absent_that_nobody_does() -> None:
    beat("web")
    leave("web")
    assert {part.condition for part in state.state().values()} == {Condition.ABSENT}


@pytest.mark.django_db
def test_forgets_killed_processes_of_this_machine_at_once_and_of_others_after_an_hour(dead_pid: int) -> None:
    beat("web")
    Part.objects.create(name="worker", host=socket.gethostname(), pid=dead_pid)
    Part.objects.create(name="worker", host="other-machine", pid=dead_pid)
    Part.objects.create(name="worker", host="lost-machine", pid=1, beat_at=timezone.now() - timedelta(hours=2))
    forget_gone()
    assert set(Part.objects.values_list("host", "pid")) == {
        (socket.gethostname(), os.getpid()),
        ("other-machine", dead_pid),
    }


@pytest.mark.django_db(transaction=True)
def test_beats_from_a_thread_while_the_work_lasts() -> None:
    with beating("capture"):
        wait_until(lambda: Part.objects.filter(name="capture", pid=os.getpid()).exists())
    assert not Part.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_answers_in_time_while_the_database_hangs() -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE parts_part")
        health = state.health(within=0.3)  # the lock is kept until it has answered
        cursor.execute("ROLLBACK")
    assert health["database"].condition is Condition.UNREACHABLE
    assert health["web"].condition is Condition.UNKNOWN
    assert not state.is_healthy(health.values())
    wait_until(lambda: state.health(within=5)["database"].condition is Condition.READY)
    _close_reader()


@pytest.mark.django_db(transaction=True)
def test_calls_the_installation_healthy_when_every_part_is_ready() -> None:
    for name in state.NAMES:
        beat(name)
    health = state.health(within=PATIENCE_SECONDS)
    assert list(health) == ["database", "web", "submission", "capture", "mx", "lmtp", "worker"]
    assert state.is_healthy(health.values())
    _close_reader()


def _close_reader() -> None:
    """The connection of the reading thread would keep the test database from being dropped."""
    state._reader.submit(connections.close_all).result()
