"""How do tests give commands, and see what a person sees?"""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from postroom.cli import main

Postroom = Callable[..., str]


def run(*arguments: str, input_: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=input_)


@pytest.fixture
def postroom(db: None) -> Postroom:
    """Runs a command that must succeed; what it prints, notes for people included."""

    def succeed(*arguments: str, input_: str | None = None) -> str:
        result = run(*arguments, input_=input_)
        assert result.exit_code == 0, result.output
        return result.output

    return succeed


@pytest.fixture
def refused(db: None) -> Postroom:
    """Runs a command that must fail; the one sentence that it prints."""

    def fail(*arguments: str) -> str:
        result = run(*arguments)
        assert result.exit_code == 1, (result.output, result.exception)
        assert isinstance(result.exception, SystemExit), result.exception
        assert result.stdout == ""
        return result.stderr.removeprefix("Error: ").rstrip("\n")

    return fail
