"""`postroom restore`: a new installation with what a backup holds."""

from pathlib import Path

import click

from postroom.cli.migrate import migrate
from postroom.config import database, dump, runtime

REASON = "It waited when the backup was made, and may have left since. Release it if it has not."


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--release", is_flag=True, help="Let waiting mail leave, as soon as a worker runs.")
def command(file: Path, *, release: bool) -> None:
    """Fill the empty database with the backup in FILE, and bring it up to date.

    Mail that waited when the backup was made is held: it may have left since. `postroom mail release` lets it go.
    """
    url = runtime.prepare().database_url
    database.require_reachable(url)
    dump.read_dump(file, url)
    migrate()
    from postroom.outbound import queue

    held = 0 if release else queue.hold_all(reason=REASON)
    click.echo(f"Restored; {held} waiting {'delivery is' if held == 1 else 'deliveries are'} held.")
