"""How many messages a second can be handed in, each answered once it is on disk?

A real `postroom web` or `postroom smtpd` process takes them into a database of its own, made on the configured
PostgreSQL and dropped at the end; a process that hands in waits for each answer. Nobody delivers meanwhile.
"""

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from postroom.bench.surroundings import cpu_seconds, own_database, process

# A queue that is in use: PostgreSQL plans by what it has seen in its tables.
MESSAGES_BEFORE = 2_000
WARM_UP_SECONDS = 1.0
START_SECONDS = 30
PORTS = (
    "POSTROOM_HTTP_PORT", "POSTROOM_SUBMISSION_PORT", "POSTROOM_CAPTURE_PORT", "POSTROOM_MX_PORT", "POSTROOM_LMTP_PORT",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    way: str  # http, batch, smtp, smtp_once: a connection for each message
    connections: int
    recipients: int  # of each message
    seconds: float


def measure(plan: Plan, database_url: str) -> dict[str, object]:
    """Run the plan; what was asked and what came out, in one flat object. Times are those of one answer."""
    with ExitStack() as stack:
        environment = stack.enter_context(own_database(database_url))
        ports = [str(free_port()) for _ in PORTS]
        environment |= dict(zip(PORTS, ports, strict=True))
        key = output("-m", "postroom.bench.fill", str(MESSAGES_BEFORE), "none", "127.0.0.1", "25", "5", env=environment)
        is_smtp = plan.way.startswith("smtp")
        command = ("smtpd", "--only", "submission") if is_smtp else ("web",)
        server = stack.enter_context(process("-m", "postroom", *command, env=environment))
        port = ports[1] if is_smtp else ports[0]
        wait_for(int(port))
        numbers = (str(plan.connections), str(plan.recipients))
        load = ("-m", "postroom.bench.load", plan.way, port, key.strip(), *numbers)
        output(*load, str(WARM_UP_SECONDS), env=environment)
        cpu, stored = cpu_seconds(server.pid), _deliveries(environment)
        report: dict[str, Any] = json.loads(output(*load, str(plan.seconds), env=environment))
        cpu, stored = cpu_seconds(server.pid) - cpu, _deliveries(environment) - stored
    if stored != report["accepted"] * plan.recipients:
        raise RuntimeError(f"{report['accepted']} messages were accepted, and {stored} deliveries are stored.")
    report["per_second"] = round(report["accepted"] / report["seconds"], 1)
    report["recipients_per_second"] = round(stored / report["seconds"], 1)
    report["server_cpu_us_per_message"] = round(cpu / max(report["accepted"], 1) * 1e6, 1)
    return {**asdict(plan), **report}


def _deliveries(environment: dict[str, str]) -> int:
    with psycopg.connect(environment["POSTROOM_DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM outbound_delivery").fetchone()
    assert row is not None  # noqa: S101 - a count always has one
    return int(row[0])


def output(*arguments: str, env: dict[str, str]) -> str:
    return subprocess.run([sys.executable, *arguments], env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"Nobody listens on port {port} after {START_SECONDS} s.")
            time.sleep(0.05)
