"""Does PostgreSQL find by key what a worker reports, whatever its statistics say?

Nobody analyses a queue as often as it fills and empties. A plan that reads the table whole is right by stale figures,
and costs each commit of a worker several milliseconds at a few thousand rows.
"""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection

from postroom.outbound.models import Delivery
from postroom.outbound.statements import statement
from tests.outbound.office import Office

WORKER = UUID(int=1)
RECIPIENTS = 1000


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
