"""Which commands `postroom` offers; each lives in a module of its own that is only imported when called."""

from importlib import import_module

import click

from postroom import __version__

# name: (module, sentence shown by `postroom --help`). The sentence stands here so that help imports nothing.
COMMANDS = {
    "route": ("postroom.cli.route", "Explain which server and From a message would get."),
    "message": ("postroom.cli.message", "Render a message to the bytes that would be sent."),
    "dkim": ("postroom.cli.dkim", "Sign and verify DKIM signatures of message files."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports each on first use, so that pure commands never load Django."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in COMMANDS.items()])


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="postroom")
def main() -> None:
    """Postroom sends the mail of several companies, each through the right server with the right From."""
