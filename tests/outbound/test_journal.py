"""How do results reach the database: together, exactly once, and whatever happens to PostgreSQL?"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from psycopg_pool import AsyncConnectionPool

from postroom.outbound import journal, queue
from postroom.outbound.journal import Journal
from postroom.outbound.models import Attempt, Delivery
from postroom.outbound.outcome import Result
from postroom.policy.status import Status
from postroom.workspaces.models import Workspace
from tests.outbound.office import Courier, Office, conninfo, delivery, lane_of, outcomes, statuses
from tests.peers.waiting import PATIENCE_SECONDS

T = TypeVar("T")
ME, OTHER = UUID(int=1), UUID(int=2)


def result(
    delivery_id: int, status: Status = Status.SENT, *, delay: float | None = None, text: str = "250 Ok"
) -> Result:
    return Result(
        delivery=delivery_id, domain="customer.example.com", status=status, delay=delay, lifetime=None, reply_code=250,
        reply_text=text, reason="", server="Company mail", cause="accepted", dialog="C: QUIT", is_server_fault=False,
    )  # fmt: skip


def claimed(office: Office, courier: Courier, *, count: int = 1, worker: UUID = ME) -> list[int]:
    lane = lane_of(office.add_server())
    office.send(*(f"joe{number}@customer.example.com" for number in range(count)))
    return [c.id for c in courier.claim(lane, worker=worker, limit=count)]


def write(courier: Courier, work: Callable[[Journal], Awaitable[T]], *, worker: UUID = ME) -> T:
    async def run() -> T:
        async with AsyncConnectionPool(
            conninfo(), min_size=2, max_size=2, open=False, kwargs={"autocommit": True}
        ) as pool:
            return await work(Journal(pool, worker, asyncio.Event()))

    return courier.background.run(run())


def test_a_start_is_granted_only_for_what_the_worker_still_has(busy_office: Office, courier: Courier) -> None:
    mine, held = claimed(busy_office, courier, count=2)
    Delivery.objects.filter(pk=held).update(status="held", claimed_by=None)
    assert write(courier, lambda j: j.turn([], [mine, held])) == {mine}
    assert write(courier, lambda j: j.turn([], [mine]), worker=OTHER) == frozenset()
    assert Delivery.objects.get(pk=mine).talking_since is not None
    assert Delivery.objects.get(pk=held).talking_since is None


def test_a_delivery_is_begun_once_however_often_its_worker_holds_it(busy_office: Office, courier: Courier) -> None:
    """A worker taken for dead by mistake may claim again what it still has ready."""
    mine, also_mine = claimed(busy_office, courier, count=2)

    async def begin_often(j: Journal) -> list[frozenset[int]]:
        return [*await asyncio.gather(j.turn([], [mine]), j.turn([], [mine, also_mine])), await j.turn([], [mine])]

    assert write(courier, begin_often) == [{mine}, {also_mine}, frozenset()]


def test_a_result_ends_the_delivery_and_writes_an_attempt(busy_office: Office, courier: Courier) -> None:
    sent, deferred = claimed(busy_office, courier, count=2)
    write(courier, lambda j: j.turn([result(sent), result(deferred, Status.DEFERRED, delay=60)], []))
    assert list(statuses().values()) == ["sent", "deferred"]
    assert Delivery.objects.get(pk=sent).finished_at is not None
    assert Delivery.objects.get(pk=deferred).claimed_by is None
    assert Attempt.objects.count() == 2


def test_a_commit_whose_answer_was_lost_is_tried_again_without_a_second_attempt(
    busy_office: Office, courier: Courier
) -> None:
    (mine,) = claimed(busy_office, courier)

    async def twice(j: Journal) -> None:
        for _ in range(2):
            await j.turn([result(mine)], [])

    write(courier, twice)
    assert statuses() == {"joe0@customer.example.com": "sent"}
    assert outcomes("joe0@customer.example.com") == ["sent"]


def test_a_late_answer_of_a_worker_taken_for_dead_counts_while_the_delivery_is_unknown(
    busy_office: Office, courier: Courier
) -> None:
    (mine,) = claimed(busy_office, courier)
    write(courier, lambda j: j.turn([], [mine]))
    assert courier.ask(queue.recover, silence=30) == 1  # never signed on
    assert statuses() == {"joe0@customer.example.com": "unknown"}
    write(courier, lambda j: j.turn([result(mine)], []), worker=OTHER)
    assert statuses() == {"joe0@customer.example.com": "unknown"}
    write(courier, lambda j: j.turn([result(mine)], []))
    assert statuses() == {"joe0@customer.example.com": "sent"}


@pytest.mark.parametrize("is_resent", [True, False])
def test_a_late_answer_counts_until_another_worker_takes_the_delivery(
    busy_office: Office, courier: Courier, *, is_resent: bool
) -> None:
    """Resent or held, it need not be once the truth is known."""
    Workspace.objects.update(resends_unknown=is_resent)
    (mine,) = claimed(busy_office, courier)
    write(courier, lambda j: j.turn([], [mine]))
    courier.ask(queue.recover, silence=30)
    courier.ask(queue.settle_unknown)
    assert statuses() == {"joe0@customer.example.com": "queued" if is_resent else "held"}
    write(courier, lambda j: j.turn([result(mine)], []))
    assert statuses() == {"joe0@customer.example.com": "sent"}


def test_an_answer_for_a_delivery_that_another_worker_has_changes_nothing_of_it(
    busy_office: Office, courier: Courier
) -> None:
    (theirs,) = claimed(busy_office, courier, worker=OTHER)
    write(courier, lambda j: j.turn([result(theirs)], []))
    taken = delivery("joe0@customer.example.com")
    assert (taken.status, taken.claimed_by) == ("active", OTHER)


def test_results_of_many_connections_share_few_commits(busy_office: Office, courier: Courier) -> None:
    ids = claimed(busy_office, courier, count=120)
    done, next_ = ids[:60], ids[60:]

    async def all_at_once(j: Journal) -> list[frozenset[int]]:
        return await asyncio.gather(*(j.turn([result(last)], [new]) for last, new in zip(done, next_, strict=True)))

    assert write(courier, all_at_once) == [{new} for new in next_]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text), count(*) FROM outbound_attempt")
        commits, attempts = cursor.fetchone()
    assert (commits <= 2, attempts) == (True, 60)


def test_nothing_is_forgotten_while_postgresql_is_away(
    busy_office: Office, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "RETRY_SECONDS", 0.01)
    ids = claimed(busy_office, courier, count=20)

    async def through_outages(j: Journal) -> list[frozenset[int]]:
        turns = []
        for mine in ids:
            turns.append(asyncio.create_task(j.turn([result(mine)], [])))
            await end_pooled_connections(j)
        return await asyncio.gather(*turns)

    async def end_pooled_connections(j: Journal) -> None:
        async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as database:
            await database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE '-- Write what servers answered%'"
            )

    write(courier, through_outages)
    assert set(statuses().values()) == {"sent"}
    assert Attempt.objects.count() == 20


def test_what_cannot_be_written_is_told_to_all_who_wait_and_blocks_nobody(
    busy_office: Office, courier: Courier
) -> None:
    """NUL has no place in a text column. The SMTP client lets none through; were one to come, nobody may wait."""
    bad, good = claimed(busy_office, courier, count=2)

    async def one_after_the_other(j: Journal) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(psycopg.DataError):
                await j.turn([result(bad, text="250 \x00")], [])
            await j.turn([result(good)], [])

    write(courier, one_after_the_other)
    assert list(statuses().values()) == ["active", "sent"]
