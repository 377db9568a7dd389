"""What becomes of the mail when a real `postroom worker` is told to stop, or is killed?"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from postroom.outbound import outlets, queue
from postroom.outbound.models import Attempt, Delivery, Lane, Share, Worker
from postroom.outbound.worker import GRACE_SECONDS, SILENCE_SECONDS, DeliveryWorker
from postroom.workspaces.models import Workspace
from tests.installation import wait_until
from tests.outbound.office import Courier, Mailbox, Office, conninfo, end_connections, lane_of, statuses
from tests.peers.waiting import PATIENCE_SECONDS


@contextmanager
def worker(home: Path, *, database: str | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker process on the test's database, or another."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
    environment |= {
        "POSTROOM_DATABASE_URL": database or conninfo(),
        "POSTROOM_SECRET_KEY": settings.SECRET_KEY,
        "POSTROOM_HOME": str(home),
    }
    log = home / "worker.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "postroom", "worker"], env=environment, stderr=output, cwd=home
        )
    try:
        yield process
    except AssertionError as error:
        error.add_note(log.read_text(errors="replace")[-3000:])
        raise
    finally:
        process.kill()
        process.wait()


class Gate:
    """Holds the answers of a mailbox back until it is opened."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._open = threading.Event()
        mailbox.before_answer = self._wait

    def open(self) -> None:
        self._open.set()

    async def _wait(self, _number: int) -> None:
        await asyncio.to_thread(self._open.wait, PATIENCE_SECONDS)


def recipients(mailbox: Mailbox) -> list[str]:
    return sorted(recipient for _, taken, _ in mailbox.received for recipient in taken)


def test_a_worker_told_to_stop_finishes_the_dialog_and_releases_the_rest(
    busy_office: Office, courier: Courier, tmp_path: Path
) -> None:
    with courier.mailbox() as mailbox, worker(tmp_path) as process:
        gate = Gate(mailbox)
        server = busy_office.add_server(mailbox.port)
        for number in range(5):
            busy_office.send(f"joe{number}@customer.example.com")
        wait_until(lambda: len(mailbox.received) == 1)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)  # it does not hang up on a server that is slow to answer
        gate.open()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert sorted(statuses().values()) == ["queued"] * 4 + ["sent"]
        assert not Delivery.objects.exclude(claimed_by=None).exists()
        assert not Worker.objects.exists()
        courier.drain(lane_of(server))
    assert set(statuses().values()) == {"sent"}
    assert recipients(mailbox) == sorted(statuses())
    assert Attempt.objects.count() == 5


def test_a_killed_worker_leaves_in_doubt_exactly_what_it_was_talking_about(
    busy_office: Office, courier: Courier, tmp_path: Path
) -> None:
    with courier.mailbox() as mailbox, worker(tmp_path) as process:
        gate = Gate(mailbox)
        busy_office.add_server(mailbox.port, max_connections=3)
        for number in range(10):
            busy_office.send(f"joe{number}@customer.example.com")
        wait_until(lambda: len(mailbox.received) == 3)
        Workspace.objects.update(resends_unknown=False)
        in_doubt = recipients(mailbox)
        process.kill()
        process.wait()
        assert courier.ask(queue.recover, silence=SILENCE_SECONDS) == 0
        assert set(statuses().values()) == {"active"}

        Worker.objects.update(beat_at=Now() - timedelta(seconds=SILENCE_SECONDS + 1))
        Share.objects.all().delete()
        gate.open()
        with worker(tmp_path):
            wait_until(lambda: set(statuses().values()) == {"sent", "held"})
    assert sorted(r for r, status in statuses().items() if status == "held") == in_doubt
    assert recipients(mailbox) == sorted(statuses())
    assert Attempt.objects.filter(outcome="unknown").count() == 3


@contextmanager
def worker_here(courier: Courier) -> Iterator[DeliveryWorker]:
    """A worker in the courier's event loop."""

    async def make() -> DeliveryWorker:
        return DeliveryWorker(conninfo())

    made = courier.background.run(make())
    opened = made.open()
    courier.background.run(opened.__aenter__())
    try:
        yield made
    finally:
        courier.background.run(opened.__aexit__(None, None, None))


def claimed_by_silent(worker_id: UUID, office: Office, courier: Courier, lane: int) -> None:
    """A delivery at a server that others seem to be at; its worker was last heard of an hour ago."""
    at = Lane.objects.get(pk=lane).outlet_id
    courier.ask(outlets.take_share, at, worker=uuid4(), in_use=0, seconds=3600, helps=True)
    office.send()
    courier.ask(queue.beat, worker_id, name="host 1")
    assert len(courier.claim(lane, worker=worker_id, limit=1)) == 1
    Worker.objects.update(beat_at=Now() - timedelta(hours=1))


def test_a_worker_does_not_take_itself_for_dead(busy_office: Office, courier: Courier) -> None:
    """As on a laptop that was closed: the sweep may come before the sign of life."""
    lane = lane_of(busy_office.add_server())
    with worker_here(courier) as mine:
        claimed_by_silent(mine.id, busy_office, courier, lane)
        courier.background.run(mine.sweep())
        assert set(statuses().values()) == {"active"}


def test_a_worker_that_was_silent_itself_gives_the_others_time(busy_office: Office, courier: Courier) -> None:
    """After an outage of PostgreSQL, or a sleep of the machine, all were silent and none is dead."""
    lane = lane_of(busy_office.add_server())
    with worker_here(courier) as mine:
        courier.background.run(mine.sweep())
        mine._heard_at -= SILENCE_SECONDS
        claimed_by_silent(uuid4(), busy_office, courier, lane)
        courier.background.run(mine.sweep())
        assert set(statuses().values()) == {"active"}
        mine._judges_from -= SILENCE_SECONDS
        courier.background.run(mine.sweep())
        assert set(statuses().values()) == {"queued"}


def test_a_stop_without_work_is_clean_and_quick(busy_office: Office, courier: Courier, tmp_path: Path) -> None:
    with worker(tmp_path) as process:
        wait_until(Worker.objects.exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(GRACE_SECONDS) == 0
    assert not Worker.objects.exists()


def test_a_worker_that_waits_for_postgresql_can_be_stopped(tmp_path: Path) -> None:
    with worker(tmp_path, database="postgresql://127.0.0.1:1/nowhere") as process:
        log = tmp_path / "worker.log"
        wait_until(lambda: "worker.waiting" in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_a_worker_outlives_a_restart_of_postgresql(busy_office: Office, courier: Courier, tmp_path: Path) -> None:
    connection.ensure_connection()
    with courier.mailbox() as mailbox, worker(tmp_path) as process:
        busy_office.add_server(mailbox.port)
        wait_until(Worker.objects.exists)
        end_connections(but=connection.connection.info.backend_pid)
        busy_office.send()
        wait_until(lambda: set(statuses().values()) == {"sent"})
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_two_workers_share_the_connections_of_a_server_that_has_work_for_both(
    busy_office: Office, courier: Courier, tmp_path: Path
) -> None:
    most_at_once, now_open = 0, 0

    async def slowly(_number: int) -> None:
        nonlocal most_at_once, now_open
        now_open += 1
        most_at_once = max(most_at_once, now_open)
        await asyncio.sleep(0.2)
        now_open -= 1

    with courier.mailbox() as mailbox, worker(tmp_path), worker(tmp_path):
        mailbox.before_answer = slowly
        busy_office.add_server(mailbox.port, max_connections=4)
        wait_until(lambda: Worker.objects.count() == 2)

        def both_have_their_share() -> bool:
            if Delivery.objects.filter(status="queued").count() < 200:  # so that there is work for both
                for number in range(40):
                    busy_office.send(f"joe{number}@customer.example.com")
            shares = sorted(Share.objects.values_list("connections", flat=True))
            return shares == [2, 2] and most_at_once == 4

        wait_until(both_have_their_share)
        Delivery.objects.filter(status="queued").delete()
        wait_until(lambda: set(statuses().values()) == {"sent"})
    assert most_at_once == 4
