"""`postroom demo`: something to try Postroom with."""

import click

from postroom.config import runtime


@click.command()
def command() -> None:
    """Set up the sample workspace; harmless when run again."""
    env = runtime.prepare().env
    from postroom import demo

    demo.set_up(env)
    click.echo(
        f"The sample workspace {demo.WORKSPACE} is ready; its sign-in and API key are in {demo.facts_path(env)}."
    )
