"""What does it cost to remove mail that is no longer kept, beside what partitions by age would save?

Run: python -m benchmarks pruning

Ours is `outbound.retention` on mail of one recipient each, with content, delivery and attempt, page by page. The peer
is TRUNCATE of the same tables, which is what dropping a partition comes to. Both say what a message costs.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg

from tests import database

MESSAGES = 20_000
FILL = """
WITH workspace AS (
    INSERT INTO workspaces_workspace (slug, name, routing_policy, signs_return_path, resends_unknown,
                                      resends_unknown_mass, routing_version, created_at)
    VALUES ('bench', 'Bench', 'documented', false, true, false, 1, now()) RETURNING id
), company AS (
    INSERT INTO workspaces_company (workspace_id, name, created_at)
    SELECT id, 'Bench', now() FROM workspace
    RETURNING id, workspace_id
), outlet AS (
    INSERT INTO outbound_outlet (faults, fault, lesson) VALUES (0, '', '') RETURNING id
), lane AS (
    INSERT INTO outbound_lane (outlet_id, stream) SELECT id, 'transactional' FROM outlet RETURNING id
), message AS (
    -- Identifiers are of their moment; these are of 1970.
    INSERT INTO outbound_message (
        id, workspace_id, company_id, stream, source, author_from, subject, message_id, header_from, from_rewritten,
        return_path, reply_to, trace, routed_version, size_bytes, tags, created_at
    )
    SELECT lpad(to_hex(n), 32, '0')::uuid, company.workspace_id, company.id, 'transactional', 'bench', '', '', '', '',
           false, '', '', '{}', 1, 4000, '{}', now() - interval '1 year'
    FROM company, generate_series(1, %(messages)s) AS n
    RETURNING id, workspace_id
), content AS (
    INSERT INTO outbound_messagecontent (message_id, head, body, body_hash)
    SELECT id, 'Subject: Quotation', repeat('x', 4000)::bytea, '' FROM message
), delivery AS (
    INSERT INTO outbound_delivery (message_id, workspace_id, lane_id, flow, recipient, status, priority, attempts,
                                   due_at, submitted_at, expires_at, reply_text, reason, finished_at)
    SELECT message.id, workspace_id, lane.id, 1, 'joe@customer.example.com', 'sent', 5, 1, now(), now(), now(), '', '',
           now()
    FROM message, lane
    RETURNING id
)
INSERT INTO outbound_attempt (delivery_id, server_name, outcome, cause, reply_text, dialog)
SELECT id, 'sink', 'sent', '', '2.0.0 Ok', '' FROM delivery
"""
PRUNE = """
import time
from collections.abc import Callable
from postroom.config import runtime
runtime.prepare()
from postroom.outbound.retention import prune
started = time.perf_counter()
assert prune()["messages"] == int(__import__("sys").argv[1])
print(time.perf_counter() - started)
"""


def run() -> list[dict[str, Any]]:
    database.prepare_run()
    try:
        database.start()
        ours, peer = (_seconds(empty) * 1e6 / MESSAGES for empty in (_prune, _truncate))
    finally:
        database.end_run()
    name = f"remove a message no longer kept ({MESSAGES:,}), beside TRUNCATE"
    return [{"name": name, "ours": ours, "peer": peer, "ratio": peer / ours, "unit": "µs"}]


def _seconds(empty: Callable[[str], float]) -> float:
    with database.new_database(migrated=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(FILL, {"messages": MESSAGES})
            connection.execute("VACUUM ANALYZE")
        return empty(url)


def _prune(url: str) -> float:
    environment = {**os.environ, "POSTROOM_DATABASE_URL": url, "POSTROOM_LOG_LEVEL": "warning"}
    ended = subprocess.run(
        [sys.executable, "-c", PRUNE, str(MESSAGES)], env=environment, check=True, stdout=subprocess.PIPE
    )
    return float(ended.stdout.split()[-1])


def _truncate(url: str) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        started = time.perf_counter()
        connection.execute("TRUNCATE outbound_message CASCADE")
        return time.perf_counter() - started
