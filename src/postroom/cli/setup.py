"""What commands that change the installation share: Django ready, errors as one sentence, rows found by name."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import IO, TYPE_CHECKING, ParamSpec

import click

from postroom.config import runtime
from postroom.errors import PostroomError

if TYPE_CHECKING:
    from postroom.inbound.models import IncomingServer
    from postroom.servers.models import OutgoingServer
    from postroom.workspaces.models import Workspace

P = ParamSpec("P")
# Of messages; no more than the column holds.
COUNT = click.IntRange(0, 1_000_000_000)


def django_command(function: Callable[P, None]) -> Callable[P, None]:
    """Run a command with Django set up; a refusal becomes one sentence on stderr and exit code 1."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from django.core.exceptions import ValidationError

        try:
            runtime.prepare()
            function(*args, **kwargs)
        except PostroomError as error:
            raise click.ClickException(error.message) from error
        except ValidationError as error:
            raise click.ClickException(" ".join(error.messages)) from error

    return run


def print_lines(lines: Iterable[str], *, otherwise: str) -> None:
    """Print the lines; where there are none, the sentence `otherwise`, where no program takes it for a line."""
    line = None
    for line in lines:
        click.echo(line)
    if line is None:
        click.echo(otherwise, err=True)


def set_given(row: object, fields: Mapping[str, object]) -> None:
    """Change what options say of a new or known row; one that was not given (None) leaves the field as it is."""
    for field, value in fields.items():
        if value is not None:
            setattr(row, field, value)


def set_secrets(
    server: "OutgoingServer | IncomingServer", *, ca_file: IO[str] | None, password_file: IO[str] | None
) -> None:
    """Take authorities and password from the files that were named; the line end after a password is none of it."""
    if ca_file is not None:
        server.ca_certificate = read_text(ca_file)
    if password_file is not None:
        server.password = read_text(password_file).rstrip("\r\n")


def read_text(file: IO[str]) -> str:
    """All that a file which a person named holds; refused when it is none of text."""
    try:
        return file.read()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file.name} is not a text file (UTF-8).") from error


def find_workspace(slug: str) -> "Workspace":
    from postroom.workspaces.models import Workspace

    found = Workspace.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Workspace.objects.values_list("slug", flat=True)[:20]) or "none yet"
        raise click.ClickException(f"There is no workspace “{slug}”; this installation has: {known}.")
    return found


def only_workspace() -> "Workspace":
    """The workspace of an installation that has just one."""
    from postroom.workspaces.models import Workspace

    found = list(Workspace.objects.order_by("id")[:2])
    if len(found) != 1:
        raise click.ClickException("Say which workspace is meant: --workspace NAME.")
    return found[0]
