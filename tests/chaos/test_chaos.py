"""Does `postroom chaos` do to real processes what it says, and are the promises kept?"""

import json
import subprocess
import sys

import pytest

from postroom.chaos.scenarios import SCENARIOS


@pytest.mark.timeout(1800)  # three scenarios at once, each as patient as a busy machine needs
@pytest.mark.story
def test_nothing_is_lost_or_guessed_whatever_fails() -> None:
    """A small run of every scenario; `--seed` as printed repeats one that fails."""
    command = [sys.executable, "-m", "postroom", "chaos", "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    answer = json.loads(done.stdout)
    broken = {row["scenario"]: row["broken"] for row in answer["scenarios"] if row["broken"]}
    assert (broken, done.returncode) == ({}, 0), f"--seed {answer['seed']} {done.stderr}"
    assert [row["scenario"] for row in answer["scenarios"]] == list(SCENARIOS)
    assert all(row["done"] and row["deliveries"] for row in answer["scenarios"])


def test_a_scenario_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "postroom", "chaos", "flood"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "network cut" in done.stderr
