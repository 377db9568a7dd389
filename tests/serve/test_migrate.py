"""Can the database be brought up to date any number of times, by any number of processes?"""

import subprocess
from pathlib import Path

import psycopg

from postroom.cli.migrate import LOCK
from tests.installation import START_SECONDS, Installation, command_line


def test_says_how_much_it_did_and_then_that_nothing_is_left(empty: Installation) -> None:
    first, second = empty.run("migrate"), empty.run("migrate")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("Applied ")
    assert first.stdout.count("\n") == 1
    assert (second.returncode, second.stdout) == (0, "The database is up to date.\n")


def test_lets_only_one_of_two_processes_migrate(empty: Installation) -> None:
    both = [
        subprocess.Popen(
            command_line("migrate"), env=empty.environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=START_SECONDS) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    words = sorted(output for output, _ in outputs)
    assert words[0].startswith("Applied ")
    assert words[1] == "The database is up to date.\n"


def test_waits_for_another_process_without_holding_a_snapshot(empty: Installation) -> None:
    """What waits with a snapshot would stop CREATE INDEX CONCURRENTLY of the process it waits for."""
    url = empty.environ["POSTROOM_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        with empty.serving("migrate") as waiting:
            other.execute("CREATE TABLE something (id int)")
            for _ in range(10):
                other.execute("CREATE INDEX CONCURRENTLY ON something (id)")
            assert waiting.process.poll() is None
            other.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            assert waiting.process.wait(START_SECONDS) == 0


def test_says_that_the_database_is_away_and_what_to_do(tmp_path: Path, closed_port: int) -> None:
    url = f"postgresql://postroom:the-password@127.0.0.1:{closed_port}/postroom"
    refused = Installation.in_folder(tmp_path).run("migrate", POSTROOM_DATABASE_URL=url)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: The database cannot be reached (")
    assert refused.stderr.endswith("Start its server, or correct POSTROOM_DATABASE_URL.\n")
    assert "Traceback" not in refused.stderr
    assert "the-password" not in refused.stderr


def test_says_what_to_do_where_its_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = Installation.in_folder(tmp_path).run("migrate", POSTROOM_HOME=str(tmp_path / "file/home"))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"Error: {tmp_path}/file/home cannot be used (Not a directory)")
    assert answer.stderr.endswith("correct its owner or POSTROOM_HOME.\n")
