"""Are real bounces read as people read them?"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.cli.inbound import command
from postroom.policy.classification import Classification, classify
from scripts.corpora.bounces import score

FOLDER = Path(__file__).parent / "bounces"
FILES = sorted((FOLDER / "files").iterdir())


def test_every_file_of_the_selection_is_read_as_expected() -> None:
    result = score(FOLDER)
    assert result.misses == []
    assert result.compared["kind"] == len(FILES)
    assert result.compared["hard"] > 50
    assert result.slowest_s < 1


def test_the_command_prints_a_line_of_json_for_each_file() -> None:
    names = [str(file) for file in FILES[:5]]
    done = CliRunner().invoke(command, ["classify", "--json", *names])
    lines = [json.loads(line) for line in done.output.splitlines()]
    assert done.exit_code == 0
    assert [line["file"] for line in lines] == names
    assert all(line.keys() == {"file", "kind", "recipients", "original_message_id", "reason"} for line in lines)
    recipients = [recipient for line in lines for recipient in line["recipients"]]
    members = {"address", "status", "action", "permanent", "hard", "reason"}
    assert recipients
    assert all(recipient.keys() == members for recipient in recipients)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_line_ends_change_nothing(line_end: bytes) -> None:
    for file in FILES:
        raw = file.read_bytes()
        same = raw.replace(b"\r\n", b"\n").replace(b"\n", line_end)
        assert _told(classify(same)) == _told(classify(raw)), file.name


@settings(max_examples=100, deadline=30_000, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 400), st.binary(max_size=40)), min_size=1, max_size=6),
)
def test_a_damaged_bounce_raises_nothing(file: Path, damages: list[tuple[int, int, bytes]]) -> None:
    raw = file.read_bytes()
    for start, length, octets in damages:
        raw = raw[:start] + octets + raw[start + length :]
    _assert_is_sound(raw)


@settings(max_examples=60, deadline=30_000)
@given(st.sampled_from(FILES), st.sampled_from(FILES), st.floats(0, 1), st.floats(0, 1))
def test_two_bounces_cut_and_glued_raise_nothing(one: Path, other: Path, cut: float, join: float) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    _assert_is_sound(first[: int(len(first) * cut)] + second[int(len(second) * join) :])


def _told(classification: Classification) -> object:
    return classification.kind, classification.recipients, classification.original_message_id


def _assert_is_sound(raw: bytes) -> None:
    classification = classify(raw)
    for recipient in classification.recipients:
        assert "@" in recipient.address
        assert recipient.address.isprintable()
