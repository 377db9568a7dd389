"""Does `postroom route explain --scenarios` answer every case of cases/routing.jsonl as it is expected?"""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from postroom.cli.route import command
from postroom.rfc.address import parse_mailbox

CASES = Path(__file__).parent / "cases" / "routing.jsonl"


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    result = CliRunner().invoke(command, ["explain", "--scenarios", str(CASES)])
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_case_is_answered_as_expected(answers: list[dict[str, Any]]) -> None:
    cases = [json.loads(line) for line in CASES.read_text().splitlines()]
    assert len(cases) == len(answers) == 768
    wrong = [(case, answer) for case, answer in zip(cases, answers, strict=True) if summary(answer) != case["expected"]]
    assert not wrong


def test_each_answer_has_the_id_of_its_case(answers: list[dict[str, Any]]) -> None:
    ids = [json.loads(line)["id"] for line in CASES.read_text().splitlines()]
    assert [answer["id"] for answer in answers] == ids


def summary(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        return {"error": answer["error"]["code"]}
    mailbox = parse_mailbox(answer["from"])
    assert mailbox.address == answer["from_address"]
    return {
        "server": answer["server"],
        "from_name": mailbox.name,
        "from_address": mailbox.address.lower(),
        "from_rewritten": answer["from_rewritten"],
        "return_path": answer["return_path"].lower(),
    }
