"""How many messages a second leave, over the whole path: claim, build, sign, send, record.

Real worker processes deliver from a database of their own, made on the configured PostgreSQL and dropped at the end, to
a sink in a process of its own or to a given server.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

WAIT_SECONDS = 0.05
BATCH = 500
LONGEST_SECONDS = 300
TEXT = "Dear customer,\r\n" + "this is line after line of a quotation, as long as usual.\r\n" * 15
HTML = (
    "<html><body><p>Dear customer,</p>" + "<p>This is line after line of a quotation.</p>\r\n" * 20 + "</body></html>"
)


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
        url = stack.enter_context(_database(database_url))
        environment = {**os.environ, "POSTROOM_DATABASE_URL": url, "POSTROOM_LOG_LEVEL": "warning"}
        host, port = _place(plan, stack)
        subprocess.run(
            [sys.executable, "-m", "postroom.bench.fill", str(plan.messages), plan.sign, host, str(port),
             str(plan.connections)],
            env=environment, check=True,
        )  # fmt: skip
        workers = [
            stack.enter_context(_process("-m", "postroom", "worker", env=environment)) for _ in range(plan.workers)
        ]
        report = _run(url, workers, plan.messages)
    return {**asdict(plan), **asdict(report)}


def _run(url: str, workers: "list[subprocess.Popen[bytes]]", messages: int) -> Report:
    with psycopg.connect(url, autocommit=True) as connection:
        while _count(connection, "SELECT count(*) FROM outbound_worker") < len(workers):
            time.sleep(WAIT_SECONDS)
        time.sleep(1)  # the workers' own start-up work must not be counted
        cpu = sum(map(_cpu_seconds, workers))
        started = time.perf_counter()
        connection.execute("UPDATE outbound_lane SET drained_until = now(), closed_until = NULL")
        rss = 0.0
        deadline = started + LONGEST_SECONDS
        while time.perf_counter() < deadline and _count(
            connection, "SELECT EXISTS (SELECT 1 FROM outbound_delivery WHERE finished_at IS NULL)::int"
        ):
            time.sleep(WAIT_SECONDS)
            rss = max(rss, *map(_rss_mb, workers))
        seconds = time.perf_counter() - started
        cpu = sum(map(_cpu_seconds, workers)) - cpu
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


@contextmanager
def _database(server_url: str) -> Iterator[str]:
    name = f"postroom_bench_{uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _place(plan: Plan, stack: ExitStack) -> tuple[str, int]:
    if plan.smtp:
        host, _, port = plan.smtp.rpartition(":")
        return host, int(port)
    options = ["--latency-ms", str(plan.latency_ms), *(["--chunking"] if plan.chunking else [])]
    sink = stack.enter_context(_process("-m", "postroom.bench.sink", *options, env=dict(os.environ)))
    assert sink.stdout is not None  # noqa: S101 - piped by _process
    return "127.0.0.1", int(sink.stdout.readline())


@contextmanager
def _process(*arguments: str, env: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen([sys.executable, *arguments], env=env, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _cpu_seconds(process: "subprocess.Popen[bytes]") -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, proc(5)


def _rss_mb(process: "subprocess.Popen[bytes]") -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
