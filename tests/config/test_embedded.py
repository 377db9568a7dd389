"""Is the embedded PostgreSQL started again whatever a sudden end of the machine has left of it?"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.installation import wait_until

ASK = """
import os, signal, sys
from pathlib import Path
import psycopg
from postroom.config import embedded
home = Path(sys.argv[1])
print(psycopg.connect(embedded.start(home)).execute("SELECT 'an answer'").fetchone()[0])
if sys.argv[2] == "takes it along":
    os.kill(int((home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
if sys.argv[2] != "ends in order":
    os._exit(0)
"""

USE = """
import sys
from pathlib import Path
import psycopg
from postroom.config import embedded
url = embedded.start(Path(sys.argv[1]))
for _ in range(2):
    print(psycopg.connect(url).execute("SELECT 'an answer'").fetchone()[0], flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Not in pytest's folder, which it closes to the account that PostgreSQL runs under where a test is root."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def ask(home: Path, end: str) -> str:
    asked = [sys.executable, "-c", ASK, str(home), end]
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


def test_another_program_with_the_pid_of_a_killed_server_is_not_taken_for_it(home: Path) -> None:
    """In a container that is started again the same few pids come back, with the same account."""
    assert ask(home, "takes it along") == "an answer"
    locks = [home / "postgres" / "postmaster.pid", home / "postgres" / ".s.PGSQL.5432.lock"]
    account = locks[0].owner()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, user=account) as stranger:
        for lock in locks:
            _, rest = lock.read_text().split("\n", 1)
            lock.write_text(f"{stranger.pid}\n{rest}")
        assert ask(home, "ends in order") == "an answer"
        assert stranger.poll() is None
        stranger.kill()
    assert not any(lock.exists() for lock in locks)


def test_a_killed_process_does_not_keep_it_running(home: Path) -> None:
    assert ask(home, "is killed") == "an answer"
    assert ask(home, "ends in order") == "an answer"
    assert not (home / "postgres" / "postmaster.pid").exists()


def test_who_leaves_does_not_take_it_along_when_it_was_stopped_and_started_under_another_user(home: Path) -> None:
    """An operator stopped it, the next command started it: the services that used it before find it again."""
    with subprocess.Popen([sys.executable, "-c", USE, str(home)], stdin=PIPE, stdout=PIPE, text=True) as user:
        assert user.stdin
        assert user.stdout
        assert user.stdout.readline() == "an answer\n"
        running = home / "postgres" / "postmaster.pid"
        os.kill(int(running.read_text().split()[0]), signal.SIGINT)
        wait_until(lambda: not running.exists())
        assert ask(home, "ends in order") == "an answer"
        print("go on", file=user.stdin, flush=True)
        assert user.stdout.readline() == "an answer\n"
        print("leave", file=user.stdin, flush=True)
    assert not running.exists()
