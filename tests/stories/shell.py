"""Runs `postroom` commands one after the other in one process: starting Django for each would take most of the time.

Reads a JSON list of arguments a line, answers a JSON object with `code` and `output` a line.
"""

import json
import sys

from click.testing import CliRunner

from postroom.cli import main


def serve() -> None:
    runner = CliRunner()
    for line in sys.stdin:
        result = runner.invoke(main, json.loads(line))
        print(json.dumps({"code": result.exit_code, "output": result.output}), flush=True)


if __name__ == "__main__":
    serve()
