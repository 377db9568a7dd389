"""Are bounces, and mail that looks like them, classified as expected?

An expected recipient counts as found under its own address or one of its aliases, and a file as exactly right when
nobody is missing and nobody is invented. What the manifest leaves open (null) is not compared.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postroom.policy.classification import Classification, NoticedRecipient, classify

Members = Mapping[str, Any]


@dataclass(slots=True)
class Score:
    """Counts of right and of compared answers by question, and a line about each wrong one."""

    right: dict[str, int] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def add(self, question: str, entry: str, *, got: object, expected: object) -> None:
        """`expected` as a tuple: any of these."""
        is_right = got in expected if isinstance(expected, tuple) else got == expected
        self.compared[question] = self.compared.get(question, 0) + 1
        self.right[question] = self.right.get(question, 0) + is_right
        if not is_right:
            self.misses.append(f"{entry}: {question}: {got!r}, expected {expected!r}")

    def rate(self, question: str) -> float:
        return self.right[question] / self.compared[question]

    @property
    def rates(self) -> list[str]:
        lines = [
            f"{question:12} {self.right[question]:5}/{compared:<5} {self.rate(question):7.1%}"
            for question, compared in self.compared.items()
        ]
        return [*lines, f"slowest file {self.slowest_s * 1000:.0f} ms"]


def score(folder: Path) -> Score:
    result = Score()
    for entry in json.loads((folder / "manifest.json").read_bytes()):
        raw = (folder / entry["file"]).read_bytes()
        started = time.perf_counter()
        classification = classify(raw)
        result.slowest_s = max(result.slowest_s, time.perf_counter() - started)
        _compare(result, entry["id"], classification, entry["expected"])
    return result


def _compare(result: Score, name: str, got: Classification, expected: Members) -> None:
    result.add("kind", name, got=got.kind.value, expected=expected["kind"])
    found = {recipient.address.lower(): recipient for recipient in got.recipients}
    pairs = list(_pair(found, expected["recipients"]))
    addresses = sorted(found)
    is_exact = len(pairs) == len(found) == len(expected["recipients"])
    wanted = sorted(each["recipient"].lower() for each in expected["recipients"])
    result.add("recipients", name, got=addresses, expected=addresses if is_exact else wanted)
    for recipient, members in pairs:
        _compare_recipient(result, name, recipient, members)
    if expected["original_message_id"]:
        wanted_id = expected["original_message_id"]
        result.add("message id", name, got=got.original_message_id, expected=wanted_id)


def _pair(found: Mapping[str, NoticedRecipient], expected: list[Members]) -> Iterator[tuple[NoticedRecipient, Members]]:
    left = dict(found)
    for members in expected:
        names = [name.lower() for name in (members["recipient"], *members["aliases"])]
        if name := next((name for name in names if name in left), None):
            yield left.pop(name), members


def _compare_recipient(result: Score, name: str, got: NoticedRecipient, expected: Members) -> None:
    if expected["hard"] is not None:
        result.add("hard", name, got=got.is_hard, expected=expected["hard"])
    if expected["permanent"] is not None:
        result.add("permanent", name, got=got.is_permanent, expected=expected["permanent"])
    if expected["status"]:
        result.add("status", name, got=got.status, expected=tuple(expected["status_any"]))
