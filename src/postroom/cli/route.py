"""`postroom route`: which server and From a message would get, and why."""

import json
from typing import IO, Any

import click

from postroom.policy.scenario import answer_scenario


@click.group(name="route")
def command() -> None:
    """Explain which server and From a message would get."""


@command.command()
@click.option("--scenario", type=click.File("rb"), help="A file with one scenario in JSON; - reads standard input.")
@click.option("--scenarios", type=click.File("rb"), help="A file with one scenario in JSON a line; - likewise.")
@click.option("--from", "from_", help="Author of the message, such as '\"Mary\" <mary@customer.example.com>'.")
@click.option("--company", help="In whose name; without it the workspace's first company.")
@click.option("--workspace", help="Only needed where there are several.")
@click.option("--template", help="Template whose From and server count.")
@click.option("--stream", type=click.Choice(["transactional", "mass"]), default="transactional", show_default=True)
@click.option("--server", help="Outgoing server that is forced.")
def explain(scenario: IO[bytes] | None, scenarios: IO[bytes] | None, from_: str | None, **question: Any) -> None:
    """Tell which server and From a message would get, and why.

    With --from, for people, from this installation's settings. With --scenario or --scenarios, in JSON one a line and
    without a database (docs/routing.md describes both sides): a scenario that cannot be read or decided is answered
    with an error object and the next one follows; the exit code is 0 once each is answered.
    """
    if sum(given is not None for given in (scenario, scenarios, from_)) != 1:
        raise click.UsageError("Give one of --from ADDRESS, --scenario FILE and --scenarios FILE.")
    if from_ is not None:
        from postroom.cli.explain import explain_from_database

        explain_from_database(from_, **question)
        return
    for text in scenarios or [scenario.read() if scenario else b""]:
        if text.strip() or scenario:
            click.echo(json.dumps(answer_scenario(text), ensure_ascii=False).encode())
