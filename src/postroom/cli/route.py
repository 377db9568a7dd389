"""`postroom route`: which server and From a message would get, and why."""

import json
from typing import IO

import click

from postroom.policy.scenario import answer_scenario


@click.group(name="route")
def command() -> None:
    """Explain which server and From a message would get."""


@command.command()
@click.option("--scenario", type=click.File("rb"), help="A file with one scenario in JSON; - reads standard input.")
@click.option("--scenarios", type=click.File("rb"), help="A file with one scenario in JSON a line; - likewise.")
def explain(scenario: IO[bytes] | None, scenarios: IO[bytes] | None) -> None:
    """Tell the decision for each scenario, in JSON one a line (docs/routing.md describes both).

    A scenario that cannot be read or decided is answered with an error object and the next one follows. The exit code
    is 0 once each is answered.
    """
    if (scenario is None) == (scenarios is None):
        raise click.UsageError("Give either --scenario FILE or --scenarios FILE.")
    for text in scenarios or [scenario.read() if scenario else b""]:
        if text.strip() or scenario:
            click.echo(json.dumps(answer_scenario(text), ensure_ascii=False).encode())
