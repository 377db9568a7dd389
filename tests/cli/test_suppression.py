"""Can a person keep the list of addresses that get no mail from the command line?"""

from pathlib import Path

import pytest

from tests.cli.conftest import Postroom, run

HERE = ("--workspace", "company-name")


@pytest.fixture(autouse=True)
def workspace(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")


def test_addresses_are_added_listed_and_released(postroom: Postroom) -> None:
    added = postroom("suppression", "add", "joe@a.example", "ann@b.example", *HERE, "--scope", "mass", "--days", "30")
    assert added == "Suppressed: 2 addresses.\n"
    (line,) = postroom("suppression", "list", *HERE, "@a.example").splitlines()
    assert line.startswith("joe@a.example  mass, until 20")
    assert line.endswith(": Suppressed by a person.")
    assert postroom("suppression", "release", "joe@a.example", *HERE) == "Released: 1 address.\n"
    assert "joe" not in postroom("suppression", "list", *HERE)


def test_an_exported_table_is_imported_elsewhere(postroom: Postroom, tmp_path: Path) -> None:
    postroom("suppression", "add", "joe@a.example", *HERE, "--reason", "Moved, 2026")
    table = tmp_path / "list.csv"
    table.write_text(postroom("suppression", "export", *HERE))
    postroom("workspace", "add", "other", "--company", "Other")
    assert postroom("suppression", "import", str(table), "--workspace", "other") == "Suppressed: 1 address.\n"
    assert "joe@a.example  all, until released" in postroom("suppression", "list", "--workspace", "other")


def test_the_whole_list_is_released_only_on_demand(postroom: Postroom) -> None:
    postroom("suppression", "add", "joe@a.example", *HERE)
    assert run("suppression", "release", *HERE).exit_code == 2
    assert postroom("suppression", "release", "--all", *HERE) == "Released: 1 address.\n"


def test_a_wrong_table_is_refused_in_words(refused: Postroom, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("address\nnobody\n")
    assert refused("suppression", "import", str(table), *HERE).startswith("Line 2 of the table: ")
