"""`postroom inbound authentication`: SPF, DKIM and DMARC of a mail that came in."""

import json
from typing import Any

import click

from postroom.cli.setup import django_command


@click.command()
@click.argument("number", type=int)
@click.option("--again", is_flag=True, help="Have it found out anew, as after DNS was away.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@django_command
def command(number: int, *, again: bool, as_json: bool) -> None:
    """Say what proves who sent mail NUMBER: SPF, DKIM and DMARC, as DNS had it when the mail came in."""
    from postroom.inbound import authenticate
    from postroom.inbound.models import IncomingMessage

    row = IncomingMessage.objects.select_related("content").defer("content__raw").filter(pk=number).first()
    if row is None:
        raise click.ClickException(f"There is no incoming mail {number}.")
    if again:
        authenticate.again(row.content)
        authenticate.authenticate_received()
        row.content.refresh_from_db(fields=["authentication"])
    told = row.content.authentication
    if as_json:
        click.echo(json.dumps(told))
    elif told is None:
        click.echo("Not known yet.")
    else:
        _print(told)


def _print(told: dict[str, Any]) -> None:
    click.echo(told["sentence"])
    spf = told["spf"] or {"result": "unknown", "domain": "", "reason": "the sender's own server is not known"}
    click.echo(f"SPF    {spf['result']:<10}{spf['domain']}  {spf['reason']}")
    for verdict in told["dkim"]:
        click.echo(f"DKIM   {verdict['result']:<10}{verdict['domain']}  {verdict['reason']}")
    click.echo(f"DMARC  {told['dmarc']['result']:<10}{told['dmarc']['domain']}  {told['dmarc']['policy']}")
