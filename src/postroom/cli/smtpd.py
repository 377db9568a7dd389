"""How mail is taken by SMTP and LMTP: submission, capture and what comes from outside, in one process."""

import asyncio
import signal
import socket
from contextlib import ExitStack
from ssl import SSLContext
from typing import TYPE_CHECKING

import click

from postroom.cli.waiting import tell_if_away
from postroom.config import logs, ports, runtime
from postroom.config.env import Environment

if TYPE_CHECKING:
    from postroom.smtp.server import Listener

# For messages being received; less than the 30 s after which `postroom serve` kills.
DRAIN_SECONDS = 25
PARTS = ("submission", "capture", "mx", "lmtp")


@click.command()
@click.option("--only", type=click.Choice(PARTS), help="Run one of the servers instead of all.")
def command(only: str | None) -> None:
    """Take mail: from programs with an API key, from mail servers by SMTP and LMTP, and whatever is sent to capture."""
    prepared = runtime.prepare()
    env = prepared.env
    logs.set_up(env.log_level)
    wanted = (only,) if only else PARTS
    places = [place for place in ports.ports(env) if place.part in wanted]
    ports.require_free(*places)
    tell_if_away(prepared.database_url, meanwhile="Until it can, mail is put off (451).")
    import uvloop

    uvloop.run(_serve(env, places))


async def _serve(env: Environment, places: list[ports.Port]) -> None:
    import structlog

    from postroom.parts.beat import beating

    servers = _servers(env, places)
    stopping = _stop_signal()
    for server in servers.values():
        await server.start()
    with ExitStack() as stack:
        for part in servers:
            stack.enter_context(beating(part))
        structlog.get_logger().info("smtpd.started", **{part: server.port for part, server in servers.items()})
        await stopping.wait()
        await asyncio.gather(*(server.stop(patience_seconds=DRAIN_SECONDS) for server in servers.values()))
    structlog.get_logger().info("smtpd.stopped")


def _servers(env: Environment, places: list[ports.Port]) -> "dict[str, Listener]":
    from postroom.capture.server import CaptureServer
    from postroom.inbound.server import LmtpServer, MxServer
    from postroom.submission.server import SubmissionServer

    kinds = {"submission": SubmissionServer, "capture": CaptureServer, "mx": MxServer, "lmtp": LmtpServer}
    tls = _tls(env)
    return {
        place.part: kinds[place.part](place.host, place.number, tls=tls, max_message_bytes=env.max_message_bytes)
        for place in places
    }


def _tls(env: Environment) -> SSLContext:
    from postroom.smtp.self_signed import keep_certificate, server_context

    if env.tls_certificate is not None:
        return server_context(env.tls_certificate, env.tls_key)
    return server_context(keep_certificate(env.home / "tls", hostname=socket.gethostname()))


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping
