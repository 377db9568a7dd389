"""How fast are the parts of Postroom beside their well-known peers, on this machine, in this minute?

Every other module of this folder measures one part: its `run()` answers rows of {name, ours, peer, ratio, unit}, where
`ratio` says how many times better ours is. `python -m benchmarks render dkim` runs only those two.
"""

import argparse
import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
WRITTEN_BY = """Each part by `python -m benchmarks NAME --write` on the day it names, all of them by
`make bench BENCH_ARGS=--write`. A ratio holds on other machines, an absolute number on this one, give or take half: its
cores change their speed.
"""


def main() -> None:
    available = sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(available))
    parser.add_argument("--write", action="store_true", help=f"keep the results of this machine in {RESULTS.name}")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(available):
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(available)}")
    for name in arguments.names or available:
        report = f"{describe_machine()}\n\n{format_table(import_module(f'benchmarks.{name}').run())}\n"
        print(f"{name}: {report}", flush=True)
        if arguments.write:
            keep(name, report)


def keep(name: str, report: str) -> None:
    """Put a benchmark's report into RESULTS.md in place of the one before; the others stay, each of its own day."""
    kept = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    reports = {title: text.strip() for title, _, text in (s.partition("\n") for s in kept.split("\n## ")[1:])}
    reports[name] = report.strip()
    sections = [f"## {title}\n{text}\n" for title, text in sorted(reports.items())]
    RESULTS.write_text("\n".join([f"# Results\n\n{WRITTEN_BY}", *sections]), encoding="utf-8")


def describe_machine() -> str:
    today = datetime.now(UTC).date()
    return f"{_cpu_model()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}, {today}"


def format_table(rows: Iterable[dict[str, Any]]) -> str:
    """A Markdown table that reads well as plain text too."""
    cells = [("what", "ours", "peer", "unit", "times better"), *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    head, *body = (_line(row, widths) for row in cells)
    rule = f"|{'-' * (widths[0] + 2)}|" + "|".join(f"{'-' * (width + 1)}:" for width in widths[1:]) + "|"
    return "\n".join([head, rule, *body])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return row["name"], _number(row["ours"]), _number(row["peer"]), row["unit"], _number(row["ratio"])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return f"| {first[0]:<{first[1]}} | " + " | ".join(f"{cell:>{width}}" for cell, width in rest) + " |"


def _number(value: float | None) -> str:
    """Three digits that count: 0.123, 1.23, 12.3, 123, 1,230; None, where there is no peer, is a dash."""
    if value is None:
        return "–"
    digits = next((digits for limit, digits in ((1, 3), (10, 2), (100, 1)) if abs(value) < limit), 0)
    return f"{value:,.{digits}f}" if abs(value) < 1000 else f"{round(value, -len(str(int(abs(value)))) + 3):,.0f}"


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
