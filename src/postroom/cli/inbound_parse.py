"""`postroom inbound parse`: what do these message files say?"""

import json
from dataclasses import asdict
from pathlib import Path

import click

from postroom.rfc.summary import summarise


@click.command(name="parse")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(*, files: tuple[Path, ...], as_json: bool) -> None:
    """Say what each FILE, a raw message, says: subject, from, to, text and the names of its attachments."""
    for file in files:
        summary = asdict(summarise(file.read_bytes()))
        members = {"file": str(file), "subject": summary["subject"], "from": summary.pop("from_"), **summary}
        click.echo(json.dumps(members) if as_json else "\n".join(f"{name}: {_show(members[name])}" for name in members))


def _show(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
