"""`postroom mailgate`: takes one mail from standard input, for the pipes of Postfix, Exim and others.

The exit status is what a mail server makes its answer of (sysexits.h): whatever is not surely the mail's own fault is
EX_TEMPFAIL, so that the server keeps the mail and tries again.
"""

import os
import sys
from typing import Any

import click

EX_NOUSER = 67
EX_TEMPFAIL = 75


class _Mailgate(click.Command):
    """Also a wrong option keeps the mail: Postfix would bounce it for click's own status."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            error.show()
            raise click.exceptions.Exit(EX_TEMPFAIL) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            click.echo(f"The mail was not taken: {error}", err=True)
            raise click.exceptions.Exit(EX_TEMPFAIL) from error


@click.command(cls=_Mailgate)
@click.argument("recipients", nargs=-1)
@click.option("-d", "--workspace", help="Whose mail it is; without it, the recipients tell.")
@click.option("-f", "--return-path", help="Of the envelope; else the environment's SENDER.")
def command(recipients: tuple[str, ...], *, workspace: str | None, return_path: str | None) -> None:
    """Take the mail on standard input for RECIPIENTS.

    Without RECIPIENTS those of the environment count (ORIGINAL_RECIPIENT or RECIPIENT, as Postfix and Exim set it),
    else those of the header. The exit status is 0 once the mail is stored, 67 when none of RECIPIENTS is ours, and 75
    when it should be tried again.
    """
    recipients = recipients or _from_environment("ORIGINAL_RECIPIENT") or _from_environment("RECIPIENT")
    raw = sys.stdin.buffer.read()
    from postroom.config import runtime

    runtime.prepare()
    taken = _ours(recipients, workspace)
    if recipients and not taken:
        raise click.exceptions.Exit(EX_NOUSER)
    _store(raw, taken, workspace=workspace, return_path=return_path)


def _ours(recipients: tuple[str, ...], workspace: str | None) -> tuple[str, ...]:
    """Those that mail is taken for; with a workspace all of them, as its desk takes the rest."""
    from postroom.inbound.door import answer_recipient

    return tuple(address for address in recipients if workspace or answer_recipient(address).startswith("2"))


def _store(raw: bytes, recipients: tuple[str, ...], *, workspace: str | None, return_path: str | None) -> None:
    from postroom.cli.setup import find_workspace
    from postroom.inbound.models import Source
    from postroom.inbound.receive import Arrival, receive

    receive(
        Arrival(
            raw=raw,
            source=Source.PIPE,
            recipients=recipients,
            return_path=os.environ.get("SENDER") if return_path is None else return_path,
            workspace=find_workspace(workspace).pk if workspace else None,
        )
    )


def _from_environment(name: str) -> tuple[str, ...]:
    return tuple(filter(None, [os.environ.get(name, "")]))
