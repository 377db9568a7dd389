"""Does `postroom route explain` answer every scenario it is given, and nothing but scenarios?"""

import json
import re
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from postroom.cli import main

SCENARIO = {
    "policy": "documented",
    "from": '"李雷" <mary@münchen.example>',
    "alias_domain": None,
    "servers": [],
    "default_from_filter": None,
    "platform_from": None,
}
LINE = json.dumps(SCENARIO, ensure_ascii=False).encode()


def test_one_scenario_may_fill_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(SCENARIO, indent=2, ensure_ascii=False))
    result = CliRunner().invoke(main, ["route", "explain", "--scenario", str(file)])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["from"] == '"李雷" <mary@xn--mnchen-3ya.example>'


def test_bad_lines_are_answered_in_place_and_blank_lines_are_skipped() -> None:
    text = b"\n".join([LINE, b"", b"{bad", b" \t", b"\xff", LINE])
    result = CliRunner().invoke(main, ["route", "explain", "--scenarios", "-"], input=text)
    assert result.exit_code == 0
    assert ["error" in json.loads(line) for line in result.stdout.splitlines()] == [False, True, True, False]


def test_an_empty_file_is_no_scenario_but_may_be_a_list_of_none() -> None:
    result = CliRunner().invoke(main, ["route", "explain", "--scenario", "-"], input=b"")
    assert json.loads(result.stdout)["error"]["code"] == "invalid_scenario"
    result = CliRunner().invoke(main, ["route", "explain", "--scenarios", "-"], input=b"")
    assert (result.exit_code, result.stdout) == (0, "")


def test_scenarios_come_from_exactly_one_place() -> None:
    for options in ([], ["--scenario", "-", "--scenarios", "-"], ["--scenario", "/nowhere.json"]):
        assert CliRunner().invoke(main, ["route", "explain", *options]).exit_code == 2


def test_the_example_in_the_documentation_is_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "routing.md"
    scenario, answer = re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    result = CliRunner().invoke(main, ["route", "explain", "--scenario", "-"], input=scenario.encode())
    assert json.loads(result.stdout) == json.loads(answer)


def test_it_works_as_a_program_without_django_or_a_unicode_terminal() -> None:
    code = (
        "import sys; from postroom.cli import main;"
        "main(['route', 'explain', '--scenarios', '-'], standalone_mode=False);"
        "sys.exit('django' in sys.modules)"
    )
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    result = subprocess.run([sys.executable, "-c", code], input=LINE, capture_output=True, check=True, env=environment)
    assert "李雷" in result.stdout.decode()
