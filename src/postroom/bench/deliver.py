"""How many messages a second leave, over the whole path: claim, build, sign, send, record.

Real worker processes deliver from a database of their own, made on the configured PostgreSQL and dropped at the end, to
a sink in a process of its own or to a given server.
"""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass

import psycopg

from postroom.bench.surroundings import cpu_seconds, own_database, process, rss_mb

WAIT_SECONDS = 0.2
BATCH = 500
LONGEST_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    messages: int
    connections: int
    workers: int
    sign: str  # rsa, ed25519, none
    latency_ms: float
    chunking: bool
    smtp: str | None  # host:port of a server to use instead of the sink


@dataclass(frozen=True, slots=True)
class Report:
    """`rss_mb` is the largest a worker process was."""

    messages: int
    seconds: float
    per_second: float
    worker_cpu_us_per_message: float
    rss_mb: float
    not_sent: int


def measure(plan: Plan, database_url: str) -> dict[str, object]:
    """Run the plan; what was asked and what came out, in one flat object."""
    with ExitStack() as stack:
        environment = stack.enter_context(own_database(database_url))
        host, port = place(plan, stack)
        subprocess.run(
            [sys.executable, "-m", "postroom.bench.fill", str(plan.messages), plan.sign, host, str(port),
             str(plan.connections)],
            env=environment, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        workers = [
            stack.enter_context(process("-m", "postroom", "worker", env=environment)) for _ in range(plan.workers)
        ]
        report = _run(environment["POSTROOM_DATABASE_URL"], workers, plan.messages)
    return {**asdict(plan), **asdict(report)}


def _run(url: str, workers: "list[subprocess.Popen[bytes]]", messages: int) -> Report:
    with psycopg.connect(url, autocommit=True) as connection:
        while _count(connection, "SELECT count(*) FROM outbound_worker") < len(workers):
            time.sleep(WAIT_SECONDS)
        time.sleep(1)  # the workers' own start-up work must not be counted
        cpu = sum(cpu_seconds(worker.pid) for worker in workers)
        started = time.perf_counter()
        connection.execute("UPDATE outbound_outlet SET closed_until = NULL")
        connection.execute("SELECT pg_notify('postroom_lane', outlet_id || '/' || id) FROM outbound_lane")
        rss = 0.0
        deadline = started + LONGEST_SECONDS
        while time.perf_counter() < deadline and _count(
            connection, "SELECT EXISTS (SELECT 1 FROM outbound_delivery WHERE finished_at IS NULL)::int"
        ):
            time.sleep(WAIT_SECONDS)
            rss = max(rss, *(rss_mb(worker.pid) for worker in workers))
        seconds = time.perf_counter() - started
        cpu = sum(cpu_seconds(worker.pid) for worker in workers) - cpu
        not_sent = _count(connection, "SELECT count(*) FROM outbound_delivery WHERE status <> 'sent'")
    return Report(
        messages,
        round(seconds, 3),
        round(messages / seconds, 1),
        round(cpu / messages * 1e6, 1),
        round(rss, 1),
        not_sent,
    )


def _count(connection: "psycopg.Connection[tuple[int]]", query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def place(plan: Plan, stack: ExitStack) -> tuple[str, int]:
    if plan.smtp:
        host, _, port = plan.smtp.rpartition(":")
        return host, int(port)
    options = ["--latency-ms", str(plan.latency_ms), *(["--chunking"] if plan.chunking else [])]
    sink = stack.enter_context(process("-m", "postroom.bench.sink", *options, env=dict(os.environ), is_asked=True))
    assert sink.stdout is not None  # noqa: S101 - it is asked
    return "127.0.0.1", int(sink.stdout.readline())
