"""`postroom worker`: runs the background jobs, delivery first of all."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import click
import structlog
from psycopg import AsyncConnection, OperationalError

from postroom.cli.waiting import tell_if_away
from postroom.config import logs, runtime

if TYPE_CHECKING:
    from postroom.inbound.mailboxes.fetcher import Fetcher

log = structlog.get_logger()
CONCURRENCY = 4  # jobs are few and coarse; delivery itself is not a job
GRACE_SECONDS = 5  # for jobs that run when the worker is told to stop
# Threads that sign give the interpreter back so often: at Python's 5 ms the connections would wait for them.
SWITCH_SECONDS = 0.0005
RETRY_SECONDS = 1  # PostgreSQL restarts in some seconds
CONNECT_SECONDS = 5


@click.command()
def command() -> None:
    """Deliver mail and run periodic tasks; start as many as you like, on as many machines as you like."""
    prepared = runtime.prepare()
    logs.set_up(prepared.env.log_level)
    tell_if_away(prepared.database_url, meanwhile="The worker waits for it.")
    import uvloop

    sys.setswitchinterval(SWITCH_SECONDS)
    uvloop.run(_run(prepared.database_url))


async def _run(database_url: str) -> None:
    from procrastinate import PsycopgConnector

    from postroom.inbound.mailboxes.fetcher import Fetcher
    from postroom.jobs import POOL_SECONDS, app
    from postroom.outbound.worker import DeliveryWorker
    from postroom.parts.beat import beating

    connector = PsycopgConnector(conninfo=database_url, timeout=POOL_SECONDS, reconnect_timeout=POOL_SECONDS)
    with app.replace_connector(connector), beating("worker"):
        worker = DeliveryWorker(database_url)
        _stop_on_signals(worker.stopping)  # before anybody sees that it runs
        if not await _is_reachable(database_url, worker.stopping):
            return
        async with app.open_async(), worker.open(), _fetching(Fetcher()):
            jobs = asyncio.create_task(_run_jobs(worker.stopping))
            log.info("worker.started")
            await worker.stopping.wait()
            jobs.cancel()  # procrastinate takes this as the wish to end: running jobs may finish
            await asyncio.gather(jobs, return_exceptions=True)
    log.info("worker.stopped")


@asynccontextmanager
async def _fetching(fetcher: "Fetcher") -> AsyncIterator[None]:
    fetcher.start()
    try:
        yield
    finally:
        await asyncio.to_thread(fetcher.stop)


async def _is_reachable(database_url: str, stopping: asyncio.Event) -> bool:
    """Wait for PostgreSQL; False when the worker is told to stop first."""
    while not stopping.is_set():
        try:
            await (await AsyncConnection.connect(database_url, connect_timeout=CONNECT_SECONDS)).close()
        except OperationalError as error:
            log.warning("worker.waiting", error=str(error).strip())
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), RETRY_SECONDS)
        else:
            return True
    return False


async def _run_jobs(stopping: asyncio.Event) -> None:
    """Procrastinate ends when it loses PostgreSQL; a worker does not."""
    from postroom.jobs import app

    while not stopping.is_set():
        try:
            await app.run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE_SECONDS,
                delete_jobs="successful",
            )
        except Exception:
            log.exception("jobs.interrupted")
            await asyncio.sleep(RETRY_SECONDS)


def _stop_on_signals(stopping: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
