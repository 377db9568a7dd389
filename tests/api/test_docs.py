import json
import re
from pathlib import Path

from postroom.api.refusals import STATUS
from postroom.api.schemas import MessageIn
from postroom.errors import DraftError, PostroomError
from tests.api.conftest import Caller

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
# Where a request can be refused with an error of the module's own.
ON_THE_WAY = (
    "postroom.api", "postroom.outbound.compose", "postroom.outbound.idempotency", "postroom.workspaces.access",
)  # fmt: skip


def test_the_table_of_errors_is_the_one_of_the_code() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| .{10,} \|$", TEXT, re.MULTILINE)
    assert {code: int(status) for status, code in rows} == STATUS
    assert len(rows) == len(STATUS)


def test_every_refusal_on_a_requests_way_has_a_status() -> None:
    codes = {refusal.code for refusal in _refusals(PostroomError) if refusal.__module__.startswith(ON_THE_WAY)}
    codes |= {refusal.code for refusal in _refusals(DraftError) - {DraftError}}
    assert len(codes) > 15
    assert codes <= set(STATUS)


def test_the_table_of_fields_is_the_one_of_the_schema() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", TEXT, re.MULTILINE)
    named = {field for row in rows for field in re.findall(r"`(\w+)`", row)}
    assert named == {field.alias or name for name, field in MessageIn.model_fields.items()}


def test_the_examples_are_accepted(caller: Caller) -> None:
    examples = re.findall(r"curl \$url(/\S+) .*--json '([^']+)'", TEXT)
    assert [path for path, _ in examples] == ["/messages", "/route"]
    for path, body in examples:
        response = caller.post(path, json.loads(body))
        assert response.status_code in {200, 202}, response.json()


def _refusals(base: type[PostroomError]) -> set[type[PostroomError]]:
    found = {base}
    for refusal in base.__subclasses__():
        found |= _refusals(refusal)
    return found
