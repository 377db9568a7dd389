"""`postroom inbound visible-text`: what are the author's own words in these replies?"""

import json
from collections.abc import Callable
from pathlib import Path

import click

from postroom.policy.visible_text import visible_text, visible_text_of_html, visible_text_of_message
from postroom.rfc.charset_guess import declared_in_html, decode_text

READERS: dict[str, Callable[[bytes], str]] = {
    "text": lambda octets: visible_text(decode_text(octets)),
    "html": lambda octets: visible_text_of_html(decode_text(octets, declared_in_html(octets))),
    "eml": visible_text_of_message,
}


@click.command(name="visible-text")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(sorted(READERS)), default="eml", show_default=True, help="What FILE is."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(*, files: tuple[Path, ...], form: str, as_json: bool) -> None:
    """Print the author's own, new words of each FILE: without quotation, attribution and signature."""
    for file in files:
        text = READERS[form](file.read_bytes())
        click.echo(json.dumps({"file": str(file), "text": text}) if as_json else text)
