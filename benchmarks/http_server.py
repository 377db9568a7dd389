"""How many requests a second does a Django view answer that runs one query: WSGI with threads, or ASGI?

Run: python -m benchmarks http_server

The view asks PostgreSQL once and answers 100 bytes of JSON. Under ASGI Django runs each request's queries in a thread
of their own, where a kept connection is never met again: that side gets Django's connection pool. 16 connections are
kept busy for three seconds from this process, which shares the machine with the server: the numbers compare, and
promise nothing.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests import database
from tests.peers.programs import free_port

SECONDS = 3.0
CONNECTIONS = 16
THREADS = (1, 2, 4, 8)
REQUEST = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"


def run() -> list[dict[str, Any]]:
    database.prepare_run()
    try:
        database.start()
        asgi = max(_measure("asgi", "sync"), _measure("asgi", "async"))
        return [_row(threads, _measure("wsgi", "sync", threads=threads), asgi) for threads in THREADS]
    finally:
        database.end_run()


def _row(threads: int, wsgi: float, asgi: float) -> dict[str, Any]:
    name = f"granian WSGI with {threads} threads / ASGI with its better kind of view"
    return {"name": name, "ours": wsgi, "peer": asgi, "ratio": wsgi / asgi, "unit": "requests/s"}


def _measure(interface: str, view: str, *, threads: int = 1) -> float:
    with _serving(interface, threads) as port:
        return asyncio.run(_load(port, REQUEST % view.encode()))


@contextmanager
def _serving(interface: str, threads: int) -> Iterator[int]:
    port = free_port()
    # The Django project is this very module, imported by granian.
    target = f"benchmarks.http_server:{interface}_application"
    options = ["--interface", interface, "--port", str(port), "--blocking-threads", str(threads), "--no-ws"]
    command = [sys.executable, "-m", "granian", *options, "--log-level", "error", target]
    server = subprocess.Popen(command, env={**os.environ, "BENCHMARK_DATABASE_URL": database.url()})
    try:
        yield port
    finally:
        server.terminate()
        server.wait()


async def _load(port: int, request: bytes) -> float:
    """Answers a second over all connections, after a second to warm up."""
    streams = [await _connect(port) for _ in range(CONNECTIONS)]
    await _count_answers(streams, request, seconds=1)
    answers = await _count_answers(streams, request, seconds=SECONDS)
    for _, writer in streams:
        writer.close()
    return answers / SECONDS


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for _ in range(100):
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the server did not start")


async def _count_answers(
    streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]], request: bytes, *, seconds: float
) -> int:
    ends_at = time.perf_counter() + seconds

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        answers = 0
        while time.perf_counter() < ends_at:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode("ascii", "replace"))
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            answers += 1
        return answers

    return sum(await asyncio.gather(*(ask(*stream) for stream in streams)))


if database_url := os.environ.get("BENCHMARK_DATABASE_URL"):
    from asgiref.sync import sync_to_async
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.db import connection
    from django.http import HttpRequest, JsonResponse
    from django.urls import path

    host = database_url.partition("?host=")[2]
    default = {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", "USER": "postgres", "HOST": host}
    # A kept connection for each of the threads of WSGI, a pool for the passing threads of ASGI: the best for each.
    pooled = {"CONN_MAX_AGE": 0, "OPTIONS": {"pool": {"min_size": 4, "max_size": 16}}}
    keeping = pooled if "asgi" in sys.argv else {"CONN_MAX_AGE": None}
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        DATABASES={"default": {**default, **keeping}},
    )

    def answer_sync(request: HttpRequest) -> JsonResponse:
        return JsonResponse({"row": _read()})

    async def answer_async(request: HttpRequest) -> JsonResponse:
        return JsonResponse({"row": await sync_to_async(_read)()})

    def _read() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT repeat(%s, 100)", ["x"])
            return str(cursor.fetchone()[0])

    urlpatterns = [path("sync", answer_sync), path("async", answer_async)]
    wsgi_application = get_wsgi_application()
    asgi_application = get_asgi_application()
