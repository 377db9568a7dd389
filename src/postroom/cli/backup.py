"""`postroom backup`: everything but the secret key, in one file, while Postroom runs."""

from pathlib import Path

import click

from postroom.config import database, dump, runtime


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def command(file: Path) -> None:
    """Write a copy of the database to FILE, as of this moment; nothing has to stop for it.

    It holds all mail and all settings. Passwords and keys in it are of use only with the secret key, which is not in
    it: keep a copy of that elsewhere.
    """
    running = runtime.start()
    database.require_reachable(running.database_url)
    dump.write_dump(running.database_url, file)
    kept = "POSTROOM_SECRET_KEY" if running.env.secret_key else running.env.home / "secret.key"
    click.echo(f"Wrote {file.stat().st_size:,} bytes to {file}. Keep a copy of the secret key too: {kept}.")
