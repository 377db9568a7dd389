"""Which commands does `postroom` have? Writes docs/commands.md from what `--help` says of each.

scripts/commands.py
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from postroom.cli import main as postroom

PAGE = Path(__file__).resolve().parent.parent / "docs/commands.md"
HEAD = """\
# Commands

Each explains itself and its options with `--help`. This page is written by `scripts/commands.py`.

| command | what it does |
|---|---|
"""


def main() -> int:
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    rows = (f"| `{name}` | {_sentence(command)} |\n" for name, command in _commands(postroom, "postroom"))
    return HEAD + "".join(rows)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        elif command:
            yield f"{path} {name}", command


def _sentence(command: click.Command) -> str:
    """The first paragraph of its help, as one line of a table."""
    return " ".join((command.help or "").partition("\n\n")[0].split()).replace("<", "&lt;").replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
