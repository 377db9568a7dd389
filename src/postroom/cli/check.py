"""Whether this installation is set up rightly, for people and for scripts."""

import click

from postroom.config.checks import Finding, Verdict, findings

COLOURS = {Verdict.OK: "green", Verdict.NOTE: "blue", Verdict.FAULT: "red"}
SUBJECT_WIDTH = 16


@click.command()
@click.pass_context
def command(context: click.Context) -> None:
    """Explain every wrong setting, then look at the database, ports, keys and certificates.

    Changes nothing and sends nothing. Ends with 1 when something must be corrected.
    """
    found = []
    for finding in findings():
        click.echo(_line(finding))
        found.append(finding)
    context.exit(any(finding.verdict is Verdict.FAULT for finding in found))


def _line(finding: Finding) -> str:
    verdict = click.style(finding.verdict.ljust(6), fg=COLOURS[finding.verdict], bold=finding.verdict is Verdict.FAULT)
    indent = "\n" + " " * (6 + SUBJECT_WIDTH)
    return f"{verdict}{finding.subject:{SUBJECT_WIDTH}}{indent.join(finding.words.splitlines())}"
