"""How the web pages and the HTTP API are served."""

import click

from postroom.cli.waiting import tell_if_away
from postroom.config import ports, runtime

# In-flight requests get this long at a stop; less than the 30 s after which `postroom serve` kills.
DRAIN_SECONDS = 25
# Measured in docs/decisions/0003-granian-wsgi.md and 0014-submissions-share.md; each keeps a database connection.
THREADS = 16


@click.command(short_help="Serve the web pages and the HTTP API.")
def command() -> None:
    """Serve the web pages and the HTTP API on POSTROOM_HTTP_HOST and POSTROOM_HTTP_PORT."""
    started = runtime.start()  # Django is for the processes that answer
    env = started.env
    ports.require_free(ports.ports(env)[0])
    tell_if_away(started.database_url, meanwhile="Until it can, requests are answered with 503.")

    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        "postroom.config.wsgi:application",
        address=env.http_host,
        port=env.http_port,
        interface=Interfaces.WSGI,
        workers=env.http_workers,
        blocking_threads=THREADS,
        websockets=False,
        workers_kill_timeout=DRAIN_SECONDS,
        log_level=LogLevels.error,  # it warns of more threads than cores: ours mostly wait for PostgreSQL
    ).serve()
