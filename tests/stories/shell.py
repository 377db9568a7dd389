"""How do stories give commands? One process runs them all: starting Django for each would take most of the time.

The process reads a JSON list of arguments a line and answers a JSON list of exit code and output a line.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from postroom.cli import main

ROOT = Path(__file__).parents[2]


class Shell:
    """Runs `postroom` commands with one environment; made by `open_shell`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of `postroom <arguments>`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        code, output = json.loads(self._process.stdout.readline())
        return code, output


@contextmanager
def open_shell(environ: Mapping[str, str]) -> Iterator[Shell]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stories.shell"],
        env=environ,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Shell(process)  # ends with its standard input, which is closed on leaving


def serve() -> None:
    runner = CliRunner()
    for line in sys.stdin:
        result = runner.invoke(main, json.loads(line))
        print(json.dumps([result.exit_code, result.output]), flush=True)


if __name__ == "__main__":
    serve()
