"""Which commands `postroom` offers; each lives in a module of its own that is only imported when called."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from postroom import __version__
from postroom.errors import PostroomError

# name: (module, sentence shown by `postroom --help`). The sentence stands here so that help imports nothing.
COMMANDS = {
    "serve": ("postroom.cli.serve", "Run everything in one process tree."),
    "migrate": ("postroom.cli.migrate", "Bring the database up to date."),
    "backup": ("postroom.cli.backup", "Write a copy of everything but the secret key to a file."),
    "restore": ("postroom.cli.restore", "Fill an empty database with a backup."),
    "release": ("postroom.cli.release", "Let the mail of a copied or moved installation out."),
    "check": ("postroom.cli.check", "Explain every wrong setting and what is missing."),
    "demo": ("postroom.cli.demo", "Set up the sample workspace."),
    "web": ("postroom.cli.web", "Serve the web pages and the HTTP API."),
    "smtpd": ("postroom.cli.smtpd", "Take mail by SMTP and LMTP, from programs and from outside."),
    "worker": ("postroom.cli.worker", "Deliver mail and run periodic tasks."),
    "workspace": ("postroom.cli.workspace", "Create workspaces, companies and API keys."),
    "user": ("postroom.cli.user", "Let people in, and help those who cannot get in."),
    "platform": ("postroom.cli.platform", "Look after the workspaces of a hosted platform."),
    "domain": ("postroom.cli.domain", "Set up alias domains and DKIM keys."),
    "alias": ("postroom.cli.alias", "Set up aliases, and see where mail to an address belongs."),
    "server": ("postroom.cli.server", "Set up outgoing servers."),
    "incoming": ("postroom.cli.incoming", "Set up servers from which mail is fetched by IMAP and POP3."),
    "oauth": ("postroom.cli.oauth", "Let servers log in to Gmail and Outlook with OAuth."),
    "template": ("postroom.cli.template", "Set up templates: who they are from, which server they force."),
    "route": ("postroom.cli.route", "Explain which server and From a message would get."),
    "mail": ("postroom.cli.mail", "Retry, hold, release, cancel or restore mail."),
    "suppression": ("postroom.cli.suppression", "List, add and release addresses that get no mail."),
    "webhook": ("postroom.cli.webhook", "Tell programs by HTTP what became of mail."),
    "alerts": ("postroom.cli.alerts", "List what a person should mend."),
    "bench": ("postroom.cli.bench", "Measure how fast this machine delivers."),
    "chaos": ("postroom.cli.chaos", "Show that nothing is lost when processes, database or network fail."),
    "message": ("postroom.cli.message", "Render a message to the bytes that would be sent."),
    "thread": ("postroom.cli.thread", "Read and write conversations."),
    "inbound": ("postroom.cli.inbound", "Read mail that came in."),
    "mailgate": ("postroom.cli.mailgate", "Take a mail from standard input, for the pipes of mail servers."),
    "dkim": ("postroom.cli.dkim", "Sign and verify DKIM signatures of message files."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports each on first use, so that pure commands never load Django.

    `modules`: as COMMANDS; each module has its command under the name `command`.
    """

    def __init__(self, *args: Any, modules: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module, _ = self.modules[cmd_name]
        command: click.Command = import_module(module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, which looks for what was meant by a mistyped command among the imported ones alone."""
        name = args[0]
        close = [] if name in self.modules else get_close_matches(name, self.modules, n=1)
        if close:
            raise click.UsageError(f"There is no command “{name}”; did you mean “{close[0]}”?", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it refuses with is a sentence for a person, not a traceback."""
        try:
            return super().invoke(ctx)
        except PostroomError as error:
            raise click.ClickException(error.message) from error
        except Exception as error:
            if trouble := _trouble_behind(error):
                raise click.ClickException(trouble.message) from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in self.modules.items()])


def _trouble_behind(error: Exception) -> PostroomError | None:
    """What is wrong with the database as a whole, where that explains the error of a statement."""
    from psycopg import Error

    if not isinstance(error, Error) and not isinstance(error.__cause__, Error):  # Django wraps them
        return None
    from postroom.config import database, runtime

    return database.find_trouble(runtime.prepare().database_url)


@click.group(cls=LazyGroup, modules=COMMANDS)
@click.version_option(__version__, prog_name="postroom")
def main() -> None:
    """Postroom sends the mail of several companies, each through the right server with the right From."""
