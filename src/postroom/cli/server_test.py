"""What `postroom server test` prints while it tries a server."""

import asyncio

import click

from postroom.policy.failure import SENTENCES
from postroom.servers.connection_tests import prepare
from postroom.servers.identities import Identity
from postroom.servers.models import OutgoingServer
from postroom.servers.probe import Finding, Result, Trial, probe
from postroom.smtp.endpoint import Endpoint

MARKS = {Result.OK: "ok", Result.FAULT: "FAILED", Result.UNUSED: "not used"}


def print_trials(server: OutgoingServer, recipient: str) -> bool:
    """Whether every identity went through; PostroomError when the server is not usable as it is set up."""
    endpoint, identities = prepare(server)
    click.echo(f"{server.name}: {endpoint.host}:{endpoint.port}, {endpoint.security}, RCPT TO {recipient}")
    trials = asyncio.run(_print_all(endpoint, identities, recipient))
    untried = len(identities) - len(trials)
    if untried:
        click.echo(f"{untried} more not tried: the connection fails for all of them.")
    is_good = not untried and all(trial.fault is None for trial in trials)
    if is_good:
        click.echo("All is in order. The provider may still restrict what becomes of mail; consult its documentation.")
    return is_good


async def _print_all(endpoint: Endpoint, identities: list[Identity], recipient: str) -> list[Trial]:
    trials = []
    async for trial in probe(endpoint, identities, recipient=recipient):
        if trial.is_over:
            _print(trial)
            trials.append(trial)
    return trials


def _print(trial: Trial) -> None:
    click.echo(f"\n{trial.address} ({', '.join(trial.uses)})")
    for finding in trial.findings:
        click.echo(f"  {finding.step:<9}{MARKS[finding.result]:<9}{finding.words}".rstrip())
        if finding.result is Result.FAULT:
            click.echo(f"  {_hint(finding)}")


def _hint(finding: Finding) -> str:
    return f"→ {SENTENCES[finding.cause]}" if finding.cause in SENTENCES else ""
