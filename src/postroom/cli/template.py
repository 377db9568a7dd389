"""`postroom template`: templates, as far as routing asks for them."""

import click

from postroom.cli.server import find_active
from postroom.cli.setup import django_command, find_workspace


@click.group()
def command() -> None:
    """Set up templates: who they are from, which server they force."""


@command.command("add")
@click.argument("name")
@click.option("--workspace", required=True)
@click.option("--from", "header_from", default="", help="From of all its mail; without it the author's is used.")
@click.option("--server", help="Outgoing server that all its mail takes.")
@django_command
def add(name: str, *, workspace: str, header_from: str, server: str | None) -> None:
    """Create or change the template NAME."""
    from postroom.mailings.models import Template
    from postroom.rfc.address import format_mailbox, parse_mailbox

    Template.objects.update_or_create(
        workspace=find_workspace(workspace),
        name=name,
        defaults={
            "header_from": format_mailbox(parse_mailbox(header_from)) if header_from else "",
            "server": find_active(server, workspace) if server else None,
        },
    )
    click.echo(f"{name} is from {header_from or 'its author'} and takes {server or 'the server that routing chooses'}.")
