"""What a measurement runs in: a database of its own, real processes of Postroom, and the CPU they take."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg


@contextmanager
def own_database(server_url: str) -> Iterator[dict[str, str]]:
    """The environment for processes that use a new database on that server; dropped at the end."""
    name = f"postroom_bench_{uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
            yield {**os.environ, "POSTROOM_DATABASE_URL": url, "POSTROOM_LOG_LEVEL": "warning"}
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def process(*arguments: str, env: dict[str, str], is_asked: bool = False) -> "Iterator[subprocess.Popen[bytes]]":
    """`python ARGUMENTS`; stopped at the end. Its output is piped to who asks, otherwise shown with ours."""
    # A pipe that nobody reads would stop a process that logs its faults.
    output = subprocess.PIPE if is_asked else sys.stderr
    running = subprocess.Popen([sys.executable, *arguments], env=env, stdout=output)
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def cpu_seconds(pid: int) -> float:
    """What the process and its children have used so far, in user and kernel mode: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = [child for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in children)


def rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
