"""How many mails a second does the MX listener take, each answered once it is on disk?

A real `postroom smtpd` process takes them into a database of its own, made on the configured PostgreSQL and dropped at
the end; a process that hands in waits for each answer. Nobody handles them meanwhile.
"""

import json
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from postroom.bench.content import DOMAIN
from postroom.bench.submit import PORTS, free_port, output, wait_for
from postroom.bench.surroundings import cpu_seconds, own_database, process, rss_mb


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    mails: int
    connections: int


def measure(plan: Plan, database_url: str) -> dict[str, object]:
    """Run the plan; what was asked and what came out, in one flat object."""
    with ExitStack() as stack:
        environment = stack.enter_context(own_database(database_url))
        ports = [str(free_port()) for _ in PORTS]
        environment |= dict(zip(PORTS, ports, strict=True))
        output("-m", "postroom.bench.fill", "0", "none", "127.0.0.1", "25", "5", env=environment)
        server = stack.enter_context(process("-m", "postroom", "smtpd", "--only", "mx", env=environment))
        port = environment["POSTROOM_MX_PORT"]
        wait_for(int(port))
        cpu = cpu_seconds(server.pid)
        pour = ("-m", "postroom.bench.pour", port, f"catchall@{DOMAIN}", str(plan.mails), str(plan.connections))
        report: dict[str, Any] = json.loads(output(*pour, env=environment))
        cpu, rss = cpu_seconds(server.pid) - cpu, rss_mb(server.pid)
        stored = _stored(environment)
    if stored != report["accepted"]:
        raise RuntimeError(f"{report['accepted']} mails were accepted, and {stored} are stored.")
    report["per_second"] = round(stored / report["seconds"], 1)
    report["server_cpu_us_per_mail"] = round(cpu / stored * 1e6, 1)
    return {**asdict(plan), **report, "rss_mb": round(rss, 1)}


def _stored(environment: dict[str, str]) -> int:
    with psycopg.connect(environment["POSTROOM_DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(DISTINCT subject) FROM inbound_incomingcontent").fetchone()
    assert row is not None  # noqa: S101 - a count always has one
    return int(row[0])
