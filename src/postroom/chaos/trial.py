"""What does a scenario work with: a PostgreSQL, workers and servers of its own, and the three ledgers?"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from random import Random

import psycopg
from psycopg.rows import args_row, scalar_row

from postroom.chaos.ledger import Ledgers, Row
from postroom.chaos.postgresql import Postgresql
from postroom.chaos.program import STOP_SECONDS, Program
from postroom.chaos.sink import Book, Destination

POLL_SECONDS = 0.1
# Nothing of this may be left at the end: held is for a person, the others are final.
_MOVING = "SELECT count(*) FROM outbound_delivery WHERE status IN ('queued', 'active', 'deferred', 'unknown')"


class StuckError(Exception):
    """What should have come did not come in time."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a trial is. `patience_seconds`: after it without an end, the trial counts as stuck."""

    messages: int
    times: int  # how often it is done to them
    haste: int  # POSTROOM_HASTE
    cuts_a_point: int
    patience_seconds: float
    connections: int  # a server
    at_once: int  # scenarios beside each other
    latency_seconds: float = 0.01  # of the servers: what is being talked about takes up most of the time
    smtp_patience_seconds: int = 3  # POSTROOM_SMTP_PATIENCE


def prepare(folder: Path) -> None:
    """A PostgreSQL with all tables, stopped: each trial gets a copy."""
    folder.mkdir()
    postgresql = Postgresql(folder)
    environment = own_environment(folder, postgresql.start())
    migrating = [sys.executable, "-m", "postroom", "migrate"]
    try:
        subprocess.run(migrating, env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    finally:
        postgresql.stop()


def own_environment(folder: Path, url: str) -> dict[str, str]:
    """Of this machine's settings nothing; the secret key is made in the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTROOM_")}
    return kept | {"POSTROOM_DATABASE_URL": url, "POSTROOM_HOME": str(folder)}


class Trial:
    """One scenario under way. `done` counts what was done to it, `connections_cut` what was open then."""

    def __init__(self, scale: Scale, folder: Path, chance: Random) -> None:
        """`folder` is a copy of what `prepare` made."""
        self.scale = scale
        self.folder = folder
        self.chance = chance
        self.done = 0
        self.connections_cut = 0
        self.promised: set[str] = set()
        self.doubtful: set[str] = set()
        self.programs: list[Program] = []
        self.key = ""
        self.book = Book(folder / "sink.jsonl")
        self.postgresql = Postgresql(folder)
        self.url = self.postgresql.start()
        self._destinations: list[Destination] = []
        self._deadline = time.monotonic() + scale.patience_seconds

    @property
    def environment(self) -> dict[str, str]:
        return own_environment(self.folder, self.url) | {
            "POSTROOM_HASTE": str(self.scale.haste),
            "POSTROOM_SMTP_PATIENCE": str(self.scale.smtp_patience_seconds),
            "POSTROOM_LOG_LEVEL": "warning",
        }

    def destination(self, **offers: object) -> Destination:
        """A server for the trial's mail; see Destination."""
        made = Destination(self.book, self.chance, self.scale.latency_seconds, **offers)  # type: ignore[arg-type] # its fields
        self._destinations.append(made)
        return made

    async def fill(self, servers: Sequence[dict[str, object]], *, messages: int) -> None:
        """Set up the workspace with these outgoing servers, and queue mail for them."""
        places = [{"encryption": "none", "max_connections": self.scale.connections, **server} for server in servers]
        filling = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "postroom.chaos.fill", env=self.environment, cwd=self.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        order = json.dumps({"messages": messages, "servers": places}).encode()
        answer, _ = await filling.communicate(order)
        filled = json.loads(answer)
        self.key = filled["key"]
        self.promised |= set(filled["recipients"])

    def start(self, *arguments: str, **environment: str) -> Program:
        """A `postroom` command, ended with the trial."""
        log = self.folder / f"{arguments[0]}-{len(self.programs)}.log"
        program = Program(*arguments, environment=self.environment | environment, log=log)
        self.programs.append(program)
        return program

    def note_cut(self) -> None:
        """Something is about to be killed: count it, and the connections that are open now."""
        self.done += 1
        self.connections_cut += sum(len(destination.sessions) for destination in self._destinations)

    def note_cuts(self, connections: int) -> None:
        """So many connections were cut, each for itself."""
        self.done += connections
        self.connections_cut += connections

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        while not is_so():
            if time.monotonic() > self._deadline:
                raise StuckError(what)
            await asyncio.sleep(POLL_SECONDS / 10)

    async def until_taken(self, share: float) -> None:
        """Until the servers have taken that share of the mail."""
        goal = share * len(self.promised)
        await self.until(lambda: self.book.taken >= goal, f"only {self.book.taken} of {goal:.0f} messages arrived")

    async def until_settled(self) -> None:
        """Until every delivery is sent, or waits for a person."""
        while left := await self._count_moving():
            if time.monotonic() > self._deadline:
                raise StuckError(f"{left} deliveries are still under way")
            await asyncio.sleep(POLL_SECONDS)

    async def _count_moving(self) -> int:
        with suppress(psycopg.OperationalError):
            return await asyncio.to_thread(self.ask, _MOVING)
        return -1  # PostgreSQL is away

    def ask(self, query: str) -> int:
        """The one number that a query gives."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return int(connection.cursor(row_factory=scalar_row).execute(query).fetchone() or 0)

    def ledgers(self) -> Ledgers:
        query = files("postroom.chaos").joinpath("sql", "ledger.sql").read_bytes()
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = connection.cursor(row_factory=args_row(Row)).execute(query).fetchall()
        return Ledgers(
            promised=frozenset(self.promised), doubtful=frozenset(self.doubtful), copies=self.book.read(), rows=rows,
            connections_cut=self.connections_cut,
        )  # fmt: skip

    def stop_programs(self, *, within: float = STOP_SECONDS) -> list[str]:
        """A sentence for each that did not end in order; `within` so many seconds for each."""
        stopped = [(program, program.stop(within)) for program in self.programs]
        return [f"{program.name} ended with {status} when told to stop" for program, status in stopped if status != 0]

    def close(self) -> None:
        for program in self.programs:
            program.kill_family()
        self.book.close()
        self.postgresql.kill()
