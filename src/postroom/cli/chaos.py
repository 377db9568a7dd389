"""`postroom chaos`: does this version lose or guess anything while its processes, database and network fail?"""

import json
import random
import signal
import sys

import click

MOST_SHOWN = 10  # of the broken promises of a scenario: one cause usually breaks many
COLUMNS = ("scenario", "deliveries", "done", "cut", "unknown", "twice", "held", "lost", "seconds", "promises")


@click.command()
@click.argument("scenarios", nargs=-1)
@click.option("--quick", is_flag=True, help="Few messages and few failures: about a minute for all.")
@click.option("--seed", type=int, help="Does the same as another run with this number.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def command(*, scenarios: tuple[str, ...], quick: bool, seed: int | None, as_json: bool) -> None:
    """Kill, freeze and cut off real processes while mail drains, and hold what they say against what arrived.

    Everything is made for it and removed at the end: PostgreSQL, workers, servers. SCENARIOS narrow the run, such as
    "network cut". The exit code is 1 when a promise was broken; its logs and ledgers are then kept.
    """
    from postroom.chaos.run import FULL, QUICK, run
    from postroom.chaos.scenarios import SCENARIOS

    if strangers := set(scenarios) - set(SCENARIOS):
        raise click.UsageError(f"Unknown: {', '.join(strangers)}. There are: {', '.join(SCENARIOS)}.")
    seed = random.randrange(10_000) if seed is None else seed  # noqa: S311 - no secret
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended on the way out
    reports, kept = run(scenarios or tuple(SCENARIOS), QUICK if quick else FULL, seed=seed)
    rows = [report.as_row() for report in reports]
    if as_json:
        click.echo(json.dumps({"seed": seed, "kept": str(kept) if kept else None, "scenarios": rows}))
    else:
        _show(rows, seed)
    if kept:
        click.echo(f"Logs, ledgers and databases are kept in {kept}.", err=True)
        sys.exit(1)


def _show(rows: list[dict[str, object]], seed: int) -> None:
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    for name, *numbers in lines:
        click.echo("  ".join([name.ljust(widths[0]), *(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))]))
    click.echo(f"--seed {seed}")
    for row in rows:
        broken = row["broken"]
        assert isinstance(broken, list)  # noqa: S101 - Findings says so
        for sentence in broken[:MOST_SHOWN]:
            click.echo(f"{row['scenario']}: {sentence}")


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    numbers = ("deliveries", "done", "connections_cut", "unknown", "duplicates", "held", "lost", "seconds")
    return (str(row["scenario"]), *(str(row[name]) for name in numbers), "BROKEN" if row["broken"] else "kept")
