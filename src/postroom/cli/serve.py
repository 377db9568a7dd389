"""How a whole installation is run as one process tree."""

import asyncio
import json
import os
import signal
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from postroom.cli.supervise import Supervisor
from postroom.config import database, ports, runtime
from postroom.config.env import Environment, load

PARTS = ("web", "smtpd", "worker")
POLL_SECONDS = 0.2
HEALTH_SECONDS = 5
FIRST_MAIL = {
    "from": '"Mary" <mary@company-name.com>',
    "to": ["customer@example.com"],
    "subject": "First mail",
    "text": "It works.",
}


@click.command()
@click.option(
    "--default-server", metavar="URL", help="Same as POSTROOM_DEFAULT_SERVER: takes mail no server is set for."
)
def command(default_server: str | None) -> None:
    """Run everything: web pages, HTTP API, SMTP submission, capture and delivery. Stops cleanly on SIGTERM."""
    if default_server is not None:
        os.environ["POSTROOM_DEFAULT_SERVER"] = default_server  # for the whole tree: the parts read it again
    # A plain death by SIGTERM would leave the embedded database running: it is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ports.require_free(*ports.ports(load()))
    prepared = runtime.prepare()
    database.require_reachable(prepared.database_url)
    database.require_migrated()
    _forget_last_run()
    asyncio.run(_serve(prepared.env))


def _forget_last_run() -> None:
    """What a killed tree left in the list of parts would make this one look ready too early."""
    from django.db import connection

    from postroom.parts.beat import forget_gone

    forget_gone()
    connection.close()


async def _serve(env: Environment) -> None:
    await Supervisor(PARTS, wait_ready=lambda: _announce(env)).run()
    click.echo("Postroom has stopped.")


async def _announce(env: Environment) -> None:
    """Wait until every part is ready, then say where it is and how to use it."""
    while not await asyncio.to_thread(_is_healthy, env.local_url):  # noqa: ASYNC110 – nothing tells, but the answer
        await asyncio.sleep(POLL_SECONDS)
    click.echo(welcome(env, _demo_facts(env.home)))


def _is_healthy(url: str) -> bool:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):  # not listening yet
        return False
    finally:
        connection.close()


def _demo_facts(home: Path) -> dict[str, Any] | None:
    """What `postroom demo` left for people; None when it was not run, or for another account."""
    try:
        facts: dict[str, Any] = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts


def welcome(env: Environment, demo: dict[str, Any] | None) -> str:
    """What a person needs once everything runs; with the demo's sign-in and a first mail when there is one."""
    lines = [
        "Postroom is ready.",
        f"  Web pages and HTTP API  {env.public_url}",
        f"  SMTP submission         {env.submission_host}:{env.submission_port}",
        f"  Capture                 {env.capture_host}:{env.capture_port}",
        f"  Incoming mail, MX       {env.mx_host}:{env.mx_port}",
        f"  Incoming mail, LMTP     {env.lmtp_host}:{env.lmtp_port}",
    ]
    if demo is not None:
        lines += [
            f"Sign in as {demo['admin_email']} with the password {demo['admin_password']}",
            f"Send the first mail, then look at {env.public_url}/messages and {env.public_url}/capture:",
            f"  curl {env.local_url}/api/v1/messages -H 'Authorization: Bearer {demo['api_key']}' \\",
            f"       -H 'Content-Type: application/json' -d '{json.dumps(FIRST_MAIL)}'",
        ]
    return "\n".join(lines)
