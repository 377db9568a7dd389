"""Does PostgreSQL find by key what a worker reports, whatever its statistics say?

Nobody analyses a queue as often as it fills and empties. A plan that reads the table whole is right by stale figures,
and costs each commit of a worker several milliseconds at a few thousand rows.
"""

import json
from copy import copy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from postroom.outbound import compose, steer
from postroom.outbound.listing import Wanted, list_messages
from postroom.outbound.models import Delivery, Message
from postroom.outbound.statements import statement
from postroom.outbound.steer import Choice
from postroom.policy.status import Status
from postroom.workspaces.models import Workspace
from tests.outbound.office import Office

WORKER = UUID(int=1)
RECIPIENTS = 1000
MESSAGES = 3000


@pytest.fixture
def filled(office: Office) -> Delivery:
    office.add_server()
    office.send(*(f"joe-{number}@customer.example.com" for number in range(RECIPIENTS)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE outbound_delivery")
    return Delivery.objects.select_related("lane").earliest("id")


def test_a_turn_reads_only_what_it_writes(filled: Delivery) -> None:
    result = {"id": filled.pk, "status": "sent", "code": 250, "reply": "Ok", "reason": "", "server": "", "cause": ""}
    arguments = {
        "worker": WORKER,
        "results": json.dumps([result]),
        "starting": [filled.pk + 1],
        "begun_at": datetime.now(UTC),
    }

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement('turn')}", arguments)
        found = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan on outbound_delivery" not in found, found
    assert found.count("Index Scan using outbound_delivery_pkey") == 3, found


@pytest.fixture
def many(filled: Delivery) -> Workspace:
    """Thousands of messages to as many recipients, the oldest with a tag that no other has."""
    first = filled.message
    messages = [copied(first, id=compose.uuid7(), tags=[f"invoice-{number}"]) for number in range(MESSAGES)]
    Message.objects.bulk_create(messages)
    Delivery.objects.bulk_create(
        copied(filled, message=message, recipient=f"Ann-{number}@customer.example.com", status="sent")
        for number, message in enumerate(messages)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE outbound_delivery, outbound_message")
    return first.workspace


@pytest.mark.parametrize("wanted", [Wanted(tag="invoice-0"), Wanted(status=Status.BOUNCED)])
def test_a_search_that_an_index_serves_reads_no_table_whole(many: Workspace, wanted: Wanted) -> None:
    with CaptureQueriesContext(connection) as asked:
        list_messages(many, wanted)
    plans = "\n".join(map(plan_of, asked.captured_queries))
    assert "Index" in plans
    assert "Seq Scan on outbound_delivery" not in plans, plans
    assert "Seq Scan on outbound_message" not in plans, plans


def test_so_does_who_steers_by_tag(many: Workspace) -> None:
    choice = Choice(tag="invoice-0")
    with CaptureQueriesContext(connection) as asked:
        assert steer.steer(many, steer.Action.CANCEL, choice) == 0
        assert steer.count(many, steer.Action.CANCEL, choice, most=10) == 0
    plans = "\n".join(plan_of(query) for query in asked.captured_queries if "outbound" in query["sql"])
    assert "Seq Scan on outbound_" not in plans, plans


def plan_of(query: dict[str, str]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + query["sql"])
        return "\n".join(line for (line,) in cursor.fetchall())


def copied(row: Any, **changes: Any) -> Any:
    twin = copy(row)
    for name, value in {"pk": None, **changes}.items():
        setattr(twin, name, value)
    return twin
