"""`postroom release`: what a copied or moved installation holds back, let out."""

import click

from postroom.cli.setup import django_command


@click.command()
@click.option("--here", "place", help="The address of this installation, to confirm that its mail may leave.")
@django_command
def command(place: str | None) -> None:
    """Say whether this installation is in capture mode, and end that with --here.

    Data that is found at another address than the one it belongs to, such as a copy for a trial, sends nothing outside.
    """
    from postroom.workspaces.identity import captures, home, identity, release

    if not captures():
        click.echo(f"The data belongs here, to {identity()}: mail leaves.")
    elif place is None:
        click.echo(f"The data belongs to {home()}; this is {identity()}. All outside mail is captured.")
        click.echo(f"If this is right, end that with: postroom release --here {identity()}")
    elif place != identity():
        raise click.ClickException(f"This installation is {identity()}, not {place}; nothing was released.")
    else:
        release(by="command line")
        click.echo(f"The data belongs to {identity()} now: mail leaves.")
