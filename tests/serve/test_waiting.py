"""What is said where the database is not what it should be?"""

import socket
from pathlib import Path

import pytest

from tests.installation import Installation

PARTS = [
    ("worker", "The worker waits for it."),
    ("smtpd", "mail is put off (451)."),
    ("web", "requests are answered with 503."),
]


def place(port: int) -> str:
    return f"postgresql://postroom:the-password@127.0.0.1:{port}/mail"


@pytest.mark.parametrize(("part", "meanwhile"), PARTS)
def test_a_part_says_that_the_database_is_away_and_goes_on(
    tmp_path: Path, closed_port: int, part: str, meanwhile: str
) -> None:
    installation = Installation.in_folder(tmp_path, POSTROOM_DATABASE_URL=place(closed_port))
    with installation.serving(part) as served:
        served.wait_until(lambda: meanwhile in served.output)
        assert "The database cannot be reached (" in served.output
        assert "correct POSTROOM_DATABASE_URL" in served.output
        assert "the-password" not in served.output


def test_a_database_that_says_nothing_is_named_while_it_is_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        installation = Installation.in_folder(tmp_path, POSTROOM_DATABASE_URL=place(silent.getsockname()[1]))
        with installation.serving("worker") as served:
            served.wait_until(lambda: "no answer yet" in served.output)
            assert "“mail” at 127.0.0.1, port" in served.output
            assert "the-password" not in served.output


@pytest.mark.parametrize(
    "command", [("worker",), ("alerts",), ("route", "explain", "--workspace", "x", "--from", "a@b.c")]
)
def test_a_database_without_tables_is_to_be_migrated(empty: Installation, command: tuple[str, ...]) -> None:
    answer = empty.run(*command)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert answer.stderr.endswith(
        "Error: The database is older than this version of Postroom: run `postroom migrate`.\n"
    )


def test_a_command_says_that_the_database_is_away(tmp_path: Path, closed_port: int) -> None:
    answer = Installation.in_folder(tmp_path, POSTROOM_DATABASE_URL=place(closed_port)).run("alerts")
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: The database cannot be reached (")
    assert "Traceback" not in answer.stderr
    assert "the-password" not in answer.stderr
