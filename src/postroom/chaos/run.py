"""Does Postroom keep its promises? Runs the scenarios, each with everything of its own, and says what came of them."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from postroom.chaos.ledger import Findings, judge
from postroom.chaos.scenarios import SCENARIOS
from postroom.chaos.trial import Scale, StuckError, Trial, prepare

FULL = Scale(messages=5000, times=6, haste=6, cuts_a_point=6, patience_seconds=180, connections=10, at_once=1)
# Most of the time of a small trial is waiting.
QUICK = Scale(messages=300, times=2, haste=15, cuts_a_point=1, patience_seconds=400, connections=5, at_once=3)


@dataclass(frozen=True, slots=True)
class Report:
    """One scenario; `done` counts what was done to it, `connections_cut` the connections that were open then."""

    scenario: str
    deliveries: int
    done: int
    connections_cut: int
    seconds: float
    findings: Findings

    def as_row(self) -> dict[str, object]:
        """Flat, for JSON."""
        fields = asdict(self)
        findings: dict[str, object] = fields.pop("findings")
        return fields | findings


def run(names: Sequence[str], scale: Scale, *, seed: int) -> tuple[list[Report], Path | None]:
    """The reports, and the folder with logs, ledgers and databases, which is kept when a promise was broken."""
    folder = Path(tempfile.mkdtemp(prefix="postroom-chaos-"))
    is_kept = True
    try:
        reports = asyncio.run(_run_all(names, scale, seed=seed, folder=folder))
        is_kept = any(report.findings.broken for report in reports)
    finally:
        if not is_kept:
            shutil.rmtree(folder)
    return reports, folder if is_kept else None


async def _run_all(names: Sequence[str], scale: Scale, *, seed: int, folder: Path) -> list[Report]:
    original = folder / "original"
    await asyncio.to_thread(prepare, original)
    places = asyncio.Semaphore(scale.at_once)

    async def take_turn(name: str) -> Report:
        async with places:
            own = folder / name.replace(" ", "-")
            await asyncio.to_thread(_copy, original, own)
            # By name too, so that a scenario run alone does the same as among others.
            return await _run_one(name, Trial(scale, own, Random(f"{seed} {name}")))  # noqa: S311 - no secret

    return await asyncio.gather(*map(take_turn, names))


def _copy(original: Path, own: Path) -> None:
    """With owners: as root, PostgreSQL runs under an account of its own."""
    subprocess.run(["cp", "-a", original, own], check=True)


async def _run_one(name: str, trial: Trial) -> Report:
    started, broken = time.monotonic(), list[str]()
    try:
        try:
            await SCENARIOS[name](trial)
        except StuckError as stuck:
            broken.append(str(stuck))
        broken += await asyncio.to_thread(trial.stop_programs)
        ledgers = trial.ledgers()
    finally:
        await asyncio.to_thread(trial.close)
    findings = judge(ledgers)
    findings.broken[:0] = broken
    seconds = round(time.monotonic() - started, 1)
    return Report(name, len(ledgers.rows), trial.done, trial.connections_cut, seconds, findings)
