"""How much memory does a worker use with a thousand deliveries waiting, and with a million?

Run: python -m benchmarks memory

A real worker delivers mail of 2 kB to a thousand recipients each, unsigned, from a database of its own to a sink; the
largest resident size counts, until ten thousand are sent or all are. "Peer" is the queue of a thousand.
"""

import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

import psycopg

from postroom.bench.deliver import Plan, place
from postroom.bench.surroundings import own_database, process, rss_mb
from tests import database

SMALL, LARGE = 1_000, 1_000_000
RECIPIENTS = 1_000  # of each message
ENOUGH = 10_000
LOOK_SECONDS, LONGEST_SECONDS = 0.1, 120
PLAN = Plan(messages=1, connections=10, workers=1, sign="none", latency_ms=0, chunking=False, smtp=None)
MULTIPLY = """
WITH model AS (
    SELECT message.*, content.head, content.body, content.body_hash
    FROM outbound_message AS message JOIN outbound_messagecontent AS content ON content.message_id = message.id
), message AS (
    INSERT INTO outbound_message (
        id, workspace_id, company_id, stream, source, author_from, subject, message_id, server_id, header_from,
        from_rewritten, return_path, reply_to, trace, routed_version, size_bytes, tags
    )
    SELECT gen_random_uuid(), workspace_id, company_id, stream, source, author_from, subject, message_id, server_id,
           header_from, from_rewritten, return_path, reply_to, trace, routed_version, size_bytes, tags
    FROM model, generate_series(1, %(messages)s)
    RETURNING id
), content AS (
    INSERT INTO outbound_messagecontent (message_id, head, body, body_hash)
    SELECT message.id, head, body, body_hash FROM message, model
), model_delivery AS (
    DELETE FROM outbound_delivery RETURNING *
)
INSERT INTO outbound_delivery (message_id, workspace_id, lane_id, flow, recipient, status, priority, attempts, due_at,
                               submitted_at, expires_at, reply_text, reason)
SELECT message.id, workspace_id, lane_id, flow, 'customer' || n || '@customer.example.com', 'queued', priority, 0,
       due_at, submitted_at, expires_at, '', ''
FROM message, model_delivery, generate_series(1, %(recipients)s) AS n
"""


def run() -> list[dict[str, Any]]:
    database.prepare_run()
    try:
        database.start()
        small, large = (_largest_mb(database.url(), waiting) for waiting in (SMALL, LARGE))
    finally:
        database.end_run()
    name = f"memory of a worker, {LARGE:,} waiting / {SMALL:,} waiting"
    return [{"name": name, "ours": large, "peer": small, "ratio": small / large, "unit": "MB"}]


def _largest_mb(server_url: str, waiting: int) -> float:
    with ExitStack() as stack:
        environment = stack.enter_context(own_database(server_url))
        host, port = place(PLAN, stack)
        fill = [sys.executable, "-m", "postroom.bench.fill", "1", "none", host, str(port), str(PLAN.connections)]
        subprocess.run(fill, env=environment, check=True, stdout=subprocess.DEVNULL)
        connection = stack.enter_context(psycopg.connect(environment["POSTROOM_DATABASE_URL"], autocommit=True))
        connection.execute(MULTIPLY, {"messages": waiting // RECIPIENTS, "recipients": RECIPIENTS})
        connection.execute("VACUUM ANALYZE outbound_delivery")
        connection.execute("UPDATE outbound_outlet SET closed_until = NULL")
        worker = stack.enter_context(process("-m", "postroom", "worker", env=environment))
        return _watch(connection, worker.pid, min(waiting, ENOUGH))


def _watch(connection: "psycopg.Connection[Any]", worker: int, enough: int) -> float:
    largest, deadline = 0.0, time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        largest = max(largest, rss_mb(worker))
        row = connection.execute("SELECT count(*) FROM outbound_attempt").fetchone()
        if row is not None and row[0] >= enough:
            return largest
    raise TimeoutError(f"less than {enough} were sent in {LONGEST_SECONDS} s")
