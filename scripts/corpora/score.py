"""How many answers of each question were right, which were wrong, and how long did the slowest file take?"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

    @contextmanager
    def timed(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.slowest_s = max(self.slowest_s, time.perf_counter() - started)

    def rate(self, question: str) -> float:
        return self.right[question] / self.compared[question]

    @property
    def rates(self) -> list[str]:
        lines = [
            f"{question:12} {self.right[question]:5}/{compared:<5} {self.rate(question):7.1%}"
            for question, compared in self.compared.items()
        ]
        return [*lines, f"slowest file {self.slowest_s * 1000:.0f} ms"]


def entries(folder: Path) -> Iterator[tuple[Members, bytes]]:
    """Each entry of the folder's manifest with the octets of its file."""
    for entry in json.loads((folder / "manifest.json").read_bytes()):
        yield entry, (folder / entry["file"]).read_bytes()
