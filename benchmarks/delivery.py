"""How many waiting messages a second are delivered, beside django-post-office and a Celery worker?

Run: python -m benchmarks delivery

The same 2 kB of html and text, one recipient each, wait in the queue of each and go to the same sink on loopback: a
process that takes everything. Ours is one worker process with ten connections, over its whole path, once signing
(rsa-2048) and once not; the peers sign nothing. django-post-office stands on the same PostgreSQL, with its defaults.
Celery has its default of a process a core and Redis as its broker, which keeps nothing on disk here.
"""

import atexit
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks._mail_project import environment
from postroom.bench.deliver import Plan, measure
from postroom.bench.surroundings import own_database
from postroom.config import embedded
from tests.peers.programs import find, free_port

OUR_MESSAGES = 10_000
PEER_MESSAGES = 1_000
# Of a peer's messages, before the clock starts: its processes and connections are there.
WARM_UP = 50
LONGEST_SECONDS = 300


def run() -> list[dict[str, Any]]:
    database_url = start_database()
    with sink() as port:
        peers = {"django-post-office": send_with_post_office(database_url, port)}
        if find("redis-server"):
            peers["Celery and send_mail"] = send_with_celery(port)
        else:
            print("Not measured, as redis-server is not installed: Celery. On Debian: apt-get install redis-server")
        ours = {sign: send_with_ours(database_url, port, sign=sign) for sign in ("rsa", "none")}
    names = {"rsa": "delivery, signed with rsa-2048", "none": "delivery, not signed"}
    return [
        {"name": f"{names[sign]}, beside {peer}", "ours": mine, "peer": its, "ratio": mine / its, "unit": "messages/s"}
        for peer, its in peers.items()
        for sign, mine in ours.items()
    ]


def start_database() -> str:
    """The URL of a PostgreSQL of our own, which answers a commit when it is on disk; gone with this process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # before the server's: the last registered runs first
    folder.chmod(0o755)  # started by root, the server is another user
    return embedded.start(folder)


@contextmanager
def sink() -> Iterator[int]:
    """The port of a running `postroom.bench.sink`."""
    with running(sys.executable, "-m", "postroom.bench.sink", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


def send_with_ours(database_url: str, port: int, *, sign: str) -> float:
    """Messages a second, as `postroom bench deliver` finds them."""
    plan = Plan(
        messages=OUR_MESSAGES, connections=10, workers=1, sign=sign, latency_ms=0, chunking=False,
        smtp=f"127.0.0.1:{port}",
    )  # fmt: skip
    report = measure(plan, database_url)
    assert report["not_sent"] == 0
    return float(str(report["per_second"]))


def send_with_post_office(database_url: str, port: int) -> float:
    with own_database(database_url) as own:
        env = environment(sink_port=port, database_url=own["POSTROOM_DATABASE_URL"])
        command = [sys.executable, "-m", "benchmarks._post_office", str(PEER_MESSAGES)]
        done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return PEER_MESSAGES / float(done.stdout)


def send_with_celery(port: int) -> float:
    broker_port = free_port()
    redis = [find("redis-server") or "", "--port", str(broker_port), "--bind", "127.0.0.1", "--save", ""]
    worker = [sys.executable, "-m", "celery", "--app", "benchmarks._celery_mail", "worker", "--loglevel", "ERROR"]
    with tempfile.NamedTemporaryFile() as file, running(*redis, stdout=subprocess.DEVNULL):
        progress = Path(file.name)
        env = environment(sink_port=port)
        env |= {"BENCHMARK_BROKER": f"redis://127.0.0.1:{broker_port}", "BENCHMARK_PROGRESS": file.name}
        subprocess.run([sys.executable, "-m", "benchmarks._celery_mail", str(PEER_MESSAGES)], env=env, check=True)
        with running(*worker, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            wait_for_size(progress, WARM_UP)
            started, before = time.perf_counter(), progress.stat().st_size
            wait_for_size(progress, PEER_MESSAGES)
            return (PEER_MESSAGES - before) / (time.perf_counter() - started)


@contextmanager
def running(*command: str, **options: Any) -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_for_size(file: Path, octets: int) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while file.stat().st_size < octets:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{file.stat().st_size} of {octets} messages were sent in {LONGEST_SECONDS} s")
        time.sleep(0.01)
