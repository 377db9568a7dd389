"""What does claiming a message cost with a thousand waiting, and with a million?

Run: python -m benchmarks queue_size

One lane with one flow, filled by generate_series, a thousand recipients a message; then claims of 100 deliveries, each
committed, as a worker makes them. The median counts. "Peer" is the queue of a thousand: a ratio below 1 says how much
more a claim costs with a million waiting.
"""

import time
from statistics import median
from typing import Any
from uuid import uuid4

import psycopg

from postroom.outbound.statements import statement
from tests import database

SMALL, LARGE = 1_000, 1_000_000
AT_ONCE = 100
ROUNDS = 9  # nine hundred of the thousand
FILL = """
WITH message AS (
    INSERT INTO outbound_message (
        id, workspace_id, company_id, stream, source, author_from, subject, message_id, header_from, from_rewritten,
        return_path, reply_to, trace, routed_version, size_bytes, tags
    )
    SELECT gen_random_uuid(), %(workspace)s, %(company)s, 'mass', 'bench', '', '', '', '', false, '', '', '{}', 1, 2000,
           '{}'
    FROM generate_series(1, %(messages)s)
    RETURNING id
)
INSERT INTO outbound_delivery (message_id, workspace_id, lane_id, flow, recipient, status, priority, attempts, due_at,
                               submitted_at, expires_at, reply_text, reason)
SELECT id, %(workspace)s, %(lane)s, 1, 'customer' || n || '@customer.example.com', 'queued', 5, 0, now(), now(),
       now() + interval '2 days', '', ''
FROM message, generate_series(1, 1000) AS n
"""
SURROUNDINGS = """
WITH workspace AS (
    INSERT INTO workspaces_workspace (slug, name, routing_policy, signs_return_path, resends_unknown,
                                      resends_unknown_mass, routing_version, created_at)
    VALUES ('bench', 'Bench', 'documented', false, true, false, 1, now()) RETURNING id
), company AS (
    INSERT INTO workspaces_company (workspace_id, name, created_at)
    SELECT id, 'Bench', now() FROM workspace
    RETURNING id
), outlet AS (
    INSERT INTO outbound_outlet (faults, fault, lesson) VALUES (0, '', '') RETURNING id
), lane AS (
    INSERT INTO outbound_lane (outlet_id, stream) SELECT id, 'mass' FROM outlet RETURNING id
)
SELECT workspace.id, company.id, outlet.id, lane.id FROM workspace, company, outlet, lane
"""


def run() -> list[dict[str, Any]]:
    database.prepare_run()
    try:
        database.start()
        small, large = _microseconds_a_claim(SMALL), _microseconds_a_claim(LARGE)
    finally:
        database.end_run()
    name = f"claim a message, {LARGE:,} waiting / {SMALL:,} waiting"
    return [{"name": name, "ours": large, "peer": small, "ratio": small / large, "unit": "µs"}]


def _microseconds_a_claim(waiting: int) -> float:
    with database.new_database(migrated=True) as url, psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(SURROUNDINGS).fetchone()
        assert row is not None
        workspace, company, outlet, lane = row
        connection.execute(
            FILL, {"workspace": workspace, "company": company, "lane": lane, "messages": waiting // 1_000}
        )
        connection.execute("VACUUM ANALYZE outbound_delivery")
        arguments = {
            "outlet": outlet,
            "lane": lane,
            "worker": uuid4(),
            "flows": [1],
            "most": [AT_ONCE],
            "limit": AT_ONCE,
        }
        return median(_claim(connection, arguments) for _ in range(ROUNDS)) / AT_ONCE * 1e6


def _claim(connection: "psycopg.Connection[Any]", arguments: dict[str, Any]) -> float:
    """Seconds for one claim, its commit included."""
    start = time.perf_counter()
    claimed = connection.execute(statement("claim_due"), arguments).fetchall()
    took = time.perf_counter() - start
    assert len(claimed) == AT_ONCE
    return took
