"""How do deliveries wait, get claimed and come back? Each statement of the queue, on connections of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from psycopg import AsyncConnection

from postroom.outbound import outlets, queue
from postroom.outbound.models import Attempt, Delivery, Lane, Outlet, Worker
from postroom.outbound.statements import statement
from postroom.policy.status import Status
from tests.outbound.office import Courier, Office, conninfo, delivery, lane_of, outcomes, outlet, statuses
from tests.peers.waiting import PATIENCE_SECONDS

ME, OTHER = UUID(int=1), UUID(int=2)
AGO = timedelta(seconds=90)


@pytest.fixture
def lane(busy_office: Office) -> int:
    return lane_of(busy_office.add_server())


def claim(courier: Courier, lane: int, *, worker: UUID = ME, limit: int = 100) -> list[queue.Claimed]:
    return courier.claim(lane, worker=worker, limit=limit)


def outlet_of(lane: int) -> int:
    return Lane.objects.get(pk=lane).outlet_id


async def take(database: AsyncConnection, lane: int, worker: UUID, limit: int, *, at: int) -> list[queue.Claimed]:
    flows = await queue.next_flows(database, lane, after=queue.BEFORE_ALL, limit=10)
    most = {flow.id: limit for flow in flows}
    return await queue.claim_due(database, outlet=at, lane=lane, worker=worker, most=most) or []


def share(courier: Courier, lane: int, worker: UUID, *, in_use: int = 0, helps: bool = False) -> int | None:
    """The connections that the worker gets for now."""
    found = courier.ask(outlets.take_share, outlet_of(lane), worker=worker, in_use=in_use, seconds=15, helps=helps)
    return None if found is None else found.connections


def begin(*claimed: queue.Claimed) -> None:
    Delivery.objects.filter(pk__in=[c.id for c in claimed]).update(talking_since=datetime.now(UTC))


def sign_on(courier: Courier, worker: UUID, *, silent: bool = False) -> None:
    courier.ask(queue.beat, worker, name="host 1")
    if silent:
        Worker.objects.filter(pk=worker).update(beat_at=datetime.now(UTC) - AGO)


# --- claiming ------------------------------------------------------------------------------------------------------


def test_the_most_urgent_then_the_longest_due_is_claimed_first(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    names = ("late", "urgent", "early", "latest", "urgent-late")
    busy_office.send(*(f"{name}@customer.example.com" for name in names))
    now = datetime.now(UTC)
    for name, priority, age in (
        ("late", 5, 1), ("urgent", 1, 0), ("early", 5, 9), ("latest", 5, 0), ("urgent-late", 1, -0.001)
    ):  # fmt: skip
        Delivery.objects.filter(recipient__startswith=f"{name}@").update(
            priority=priority, due_at=now - timedelta(seconds=age)
        )
    first = claim(courier, lane, limit=3)
    rest = claim(courier, lane)
    assert [c.recipient.partition("@")[0] for c in first + rest] == ["urgent", "urgent-late", "early", "late", "latest"]


def test_a_claim_keeps_the_order_however_postgresql_joins(busy_office: Office, courier: Courier, lane: int) -> None:
    """An UPDATE returns rows as it meets them: with a hash join, as they lie in the table."""
    busy_office.send(*(f"joe{number}@customer.example.com" for number in range(50)))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outbound_delivery SET due_at = now() - id * interval '1 second'")

    at = outlet_of(lane)

    async def claim_by_hash_join() -> list[queue.Claimed]:
        options = "-c enable_nestloop=off -c enable_mergejoin=off"
        async with await AsyncConnection.connect(conninfo(), autocommit=True, options=options) as database:
            return await take(database, lane, ME, 40, at=at)

    ids = [c.id for c in courier.background.run(claim_by_hash_join())]
    assert ids == sorted(Delivery.objects.values_list("id", flat=True), reverse=True)[:40]


def test_a_claim_counts_as_an_attempt_and_takes_no_other_lane(busy_office: Office, courier: Courier, lane: int) -> None:
    busy_office.send()
    assert claim(courier, lane_of(None)) == []
    (claimed,) = claim(courier, lane)
    assert (claimed.attempts, claimed.recipient) == (1, "joe@customer.example.com")
    assert claimed.expires_at - claimed.submitted_at == timedelta(days=5)
    assert (delivery().status, delivery().claimed_by) == ("active", ME)
    assert claim(courier, lane) == []


def test_mail_is_not_claimed_before_it_is_due(busy_office: Office, courier: Courier, lane: int) -> None:
    busy_office.send(scheduled_at=datetime.now(UTC) + timedelta(seconds=30))
    assert claim(courier, lane) == []
    seconds = courier.ask(queue.seconds_to_next, [lane])
    assert seconds is not None
    assert 20 < seconds <= 30
    assert courier.work() == []


def test_two_workers_at_once_never_get_the_same_delivery(busy_office: Office, courier: Courier, lane: int) -> None:
    everyone = {f"joe{number}@customer.example.com" for number in range(300)}
    busy_office.send(*everyone)

    at = outlet_of(lane)

    async def work(worker: UUID) -> list[str]:
        got: list[str] = []
        async with await AsyncConnection.connect(conninfo(), autocommit=True) as database:
            while claimed := await take(database, lane, worker, 7, at=at):
                got += [c.recipient for c in claimed]
        return got

    async def both() -> list[str]:
        return [recipient for got in await asyncio.gather(*map(work, (ME, OTHER, uuid4()))) for recipient in got]

    got = courier.background.run(both())
    assert len(got) == 300
    assert set(got) == everyone


def test_a_row_that_another_worker_is_taking_is_skipped_not_waited_for(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    busy_office.send("first@customer.example.com", "second@customer.example.com")

    at = outlet_of(lane)

    async def while_the_first_is_locked() -> list[queue.Claimed]:
        async with (
            await AsyncConnection.connect(conninfo()) as holder,
            await AsyncConnection.connect(conninfo(), autocommit=True) as database,
        ):
            await holder.execute("SELECT * FROM outbound_delivery WHERE recipient LIKE 'first@%' FOR UPDATE")
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await take(database, lane, ME, 10, at=at)

    (claimed,) = courier.background.run(while_the_first_is_locked())
    assert claimed.recipient == "second@customer.example.com"


# --- giving back ---------------------------------------------------------------------------------------------------


def test_a_worker_that_stops_gives_back_what_it_has_not_begun(busy_office: Office, courier: Courier, lane: int) -> None:
    busy_office.send("new@customer.example.com", "tried@customer.example.com", "begun@customer.example.com")
    Delivery.objects.filter(recipient__startswith="tried").update(status="deferred", attempts=3, reason="Mailbox busy.")
    before = delivery("tried@customer.example.com").due_at
    begin(*(c for c in claim(courier, lane) if c.recipient.startswith("begun")))
    courier.ask(queue.release, [lane], worker=ME, reason="")
    assert statuses() == {
        "new@customer.example.com": "queued",
        "tried@customer.example.com": "deferred",
        "begun@customer.example.com": "unknown",
    }
    tried = delivery("tried@customer.example.com")
    assert (tried.attempts, tried.reason, tried.due_at, tried.claimed_by) == (3, "Mailbox busy.", before, None)
    assert "may have arrived" in delivery("begun@customer.example.com").reason


def test_a_release_gives_the_reason_of_a_fault_and_touches_no_other_worker_or_lane(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    busy_office.send("mine@customer.example.com")
    claim(courier, lane)
    busy_office.send("theirs@customer.example.com")
    claim(courier, lane, worker=OTHER)
    courier.ask(queue.release, [lane_of(None)], worker=ME, reason="Login refused.")
    assert set(statuses().values()) == {"active"}
    courier.ask(queue.release, [lane], worker=ME, reason="Login refused.")
    assert statuses() == {"mine@customer.example.com": "deferred", "theirs@customer.example.com": "active"}
    mine = delivery("mine@customer.example.com")
    assert (mine.attempts, mine.reason) == (0, "Login refused.")


# --- dead workers --------------------------------------------------------------------------------------------------


def test_what_a_silent_worker_held_is_queued_again_and_what_it_had_begun_is_unknown(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    sign_on(courier, ME, silent=True)
    busy_office.send("waiting@customer.example.com", "begun@customer.example.com")
    begin(*(c for c in claim(courier, lane) if c.recipient.startswith("begun")))
    assert courier.ask(queue.recover, silence=30) == 2
    assert statuses() == {"waiting@customer.example.com": "queued", "begun@customer.example.com": "unknown"}
    waiting = delivery("waiting@customer.example.com")
    assert (waiting.attempts, waiting.claimed_by) == (0, None)
    assert outcomes("begun@customer.example.com") == ["unknown"]
    assert outcomes("waiting@customer.example.com") == []
    assert courier.ask(queue.recover, silence=30) == 0


def test_a_worker_that_beats_keeps_what_it_has(busy_office: Office, courier: Courier, lane: int) -> None:
    sign_on(courier, ME, silent=True)
    sign_on(courier, ME)
    busy_office.send()
    claim(courier, lane)
    assert courier.ask(queue.recover, silence=30) == 0
    assert set(statuses().values()) == {"active"}


def test_a_worker_that_is_not_on_the_list_holds_nothing(busy_office: Office, courier: Courier, lane: int) -> None:
    sign_on(courier, ME)
    busy_office.send()
    claim(courier, lane)
    courier.ask(queue.sign_off, ME)
    assert courier.ask(queue.recover, silence=30) == 1
    assert set(statuses().values()) == {"queued"}


# --- lanes ---------------------------------------------------------------------------------------------------------


def test_a_lane_with_due_mail_that_nobody_drains_is_found(busy_office: Office, courier: Courier, lane: int) -> None:
    assert courier.work() == []
    busy_office.send()
    assert courier.work() == [outlet_of(lane)]
    assert share(courier, lane, ME) == 1
    assert courier.work() == []
    courier.ask(outlets.leave, outlet_of(lane), worker=ME)
    assert courier.work() == [outlet_of(lane)]


def test_a_closed_lane_stays_closed_whatever_another_workspace_changes(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    busy_office.send()
    version = busy_office.company.workspace.routing_version
    courier.ask(outlets.close, outlet_of(lane), fault="Login refused.", version=version)
    assert courier.work() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE workspaces_workspace SET name = 'Renamed'")
    assert courier.work() == []
    courier.ask(outlets.reopen, outlet_of(lane))
    assert courier.work() == [outlet_of(lane)]
    assert Outlet.objects.get(pk=outlet_of(lane)).faults == 0


def test_the_default_servers_lane_opens_by_time_alone(busy_office: Office, courier: Courier) -> None:
    busy_office.send()
    courier.ask(outlets.close, outlet(None).pk, fault="No route to host.", version=None)
    busy_office.add_domain()
    assert courier.work() == []
    Outlet.objects.update(closed_until=datetime.now(UTC))
    assert courier.work() == [outlet(None).pk]


def test_a_lane_made_in_a_transaction_that_fails_is_made_again(busy_office: Office) -> None:
    with transaction.atomic():
        busy_office.send()
        transaction.set_rollback(True)
    busy_office.send()
    assert set(statuses().values()) == {"queued"}


def test_only_one_takes_a_lane_and_nobody_a_closed_one(busy_office: Office, courier: Courier, lane: int) -> None:
    version = busy_office.company.workspace.routing_version
    assert share(courier, lane, ME) == 1
    assert share(courier, lane, OTHER) is None
    courier.ask(outlets.leave, outlet_of(lane), worker=ME)
    courier.ask(outlets.close, outlet_of(lane), fault="Login refused.", version=version)
    assert share(courier, lane, OTHER) is None
    courier.ask(outlets.reopen, outlet_of(lane))
    assert share(courier, lane, OTHER) == 1


def test_workers_hear_of_new_mail(busy_office: Office, courier: Courier, lane: int) -> None:
    assert heard(courier, lambda _: asyncio.to_thread(_send, busy_office)) == f"{outlet_of(lane)}/{lane}"


def test_workers_hear_of_what_a_dead_worker_leaves(busy_office: Office, courier: Courier, lane: int) -> None:
    """Who drains the lane may be waiting for mail."""
    busy_office.send()
    claim(courier, lane)
    assert heard(courier, lambda database: queue.recover(database, silence=30)) == f"{outlet_of(lane)}/{lane}"


def test_workers_hear_of_what_is_to_be_sent_again(busy_office: Office, courier: Courier, lane: int) -> None:
    busy_office.send()
    Delivery.objects.update(status=Status.UNKNOWN)
    assert heard(courier, queue.settle_unknown) == f"{outlet_of(lane)}/{lane}"


def heard(courier: Courier, act: Callable[[AsyncConnection], Awaitable[object]]) -> str:
    """Of which lane the workers hear when that is done."""

    async def listen() -> str:
        async with await AsyncConnection.connect(conninfo(), autocommit=True) as database:
            await database.execute("LISTEN postroom_lane")
            await act(database)
            async for notice in database.notifies(timeout=PATIENCE_SECONDS):
                return notice.payload
        return ""

    return courier.background.run(listen())


def _send(office: Office) -> None:
    try:
        office.send()
    finally:
        connection.close()


def test_mail_that_moves_to_another_lane_loses_the_claim_but_no_attempt(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    message = busy_office.send("a@customer.example.com", "b@customer.example.com", "c@customer.example.com")
    claimed = claim(courier, lane, limit=2)
    begin(claimed[0])
    queue.move(message, lane=lane_of(None))
    assert {d.recipient[0]: (d.lane_id == lane_of(None), d.status, d.attempts) for d in Delivery.objects.all()} == {
        "a": (False, "active", 1),
        "b": (True, "queued", 0),
        "c": (True, "queued", 0),
    }
    assert Attempt.objects.count() == 0


def test_reading_a_claim_keeps_its_order_and_skips_what_is_gone(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    first, second = busy_office.send(), busy_office.send()
    asked = [second, uuid4(), first]
    facts = courier.ask(queue.read_facts, asked)
    assert list(facts) == [second, first]
    contents = courier.ask(queue.read_contents, asked)
    assert set(contents) == {first, second}
    assert contents[first].body == b"Hello Joe\r\n"
    assert facts[first].size_bytes == len(contents[first].head) + 2 + len(contents[first].body)


def test_a_claim_reads_no_more_than_it_takes_whatever_waits_for_later(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    """Of a million rows a claim touches a hundred: neither the others that are due nor those of tomorrow are read."""
    busy_office.send(*(f"joe{number}@customer.example.com" for number in range(3000)))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outbound_delivery SET due_at = now() + interval '1 day', priority = 1 WHERE id % 2 = 0")
    assert _rows_read(busy_office, lane) == {"delivery_turn": 10}


def test_a_priority_that_nobody_uses_costs_a_probe_and_no_reading(
    busy_office: Office, courier: Courier, lane: int
) -> None:
    busy_office.send(*(f"joe{number}@customer.example.com" for number in range(3000)))
    assert _rows_read(busy_office, lane) == {"delivery_turn": 10}


def _rows_read(office: Office, lane: int) -> dict[str, int]:
    """How many rows a claim of ten reads of deliveries, by the index or table it looks through for them."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE outbound_delivery")
        cursor.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement('claim_due')}",
            {"outlet": outlet_of(lane), "lane": lane, "worker": ME, "flows": [office.workspace.pk], "most": [10],
             "limit": 10},
        )  # fmt: skip
        ((plan,),) = cursor.fetchall()
    scans = [node for node in _nodes(plan[0]["Plan"]) if node.get("Relation Name") == "outbound_delivery"]
    scans = [
        scan for scan in scans if scan.get("Index Name") != "outbound_delivery_pkey" and "Scan" in scan["Node Type"]
    ]
    return {
        scan.get("Index Name", "table"): round(
            (scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)) * scan["Actual Loops"]
        )
        for scan in scans
    }


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)
