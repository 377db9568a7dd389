"""What does it cost to hold, release and cancel all that waits, with a thousand deliveries and with a million?

Run: python -m benchmarks steering

One lane, a thousand recipients a message, and one statement each, as `postroom mail hold` and the API make it.
Microseconds a delivery, the commit included. "Peer" is the thousand: a ratio below 1 says how much more one of a
million costs.
"""

import os
import subprocess
import sys
from typing import Any

import psycopg

from benchmarks.queue_size import FILL, LARGE, SMALL, SURROUNDINGS
from tests import database

ACTIONS = ("hold", "release", "cancel")
STEER = """
import sys, time
from postroom.config import runtime
runtime.prepare()
from postroom.outbound.steer import Action, Choice, steer
from postroom.workspaces.models import Workspace
workspace = Workspace.objects.get()
for action in sys.argv[2:]:
    started = time.perf_counter()
    assert steer(workspace, Action(action), Choice(stream="mass")) == int(sys.argv[1])
    print(time.perf_counter() - started)
"""


def run() -> list[dict[str, Any]]:
    database.prepare_run()
    try:
        database.start()
        small, large = _microseconds(SMALL), _microseconds(LARGE)
    finally:
        database.end_run()
    return [
        {
            "name": f"{action} a delivery, {LARGE:,} at once / {SMALL:,} at once",
            "ours": large[action],
            "peer": small[action],
            "ratio": small[action] / large[action],
            "unit": "µs",
        }
        for action in ACTIONS
    ]


def _microseconds(deliveries: int) -> dict[str, float]:
    with database.new_database(migrated=True) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(SURROUNDINGS).fetchone()
            assert row is not None
            workspace, company, _, lane = row
            connection.execute(
                FILL, {"workspace": workspace, "company": company, "lane": lane, "messages": deliveries // 1_000}
            )
            connection.execute("VACUUM ANALYZE outbound_delivery")
        environment = {**os.environ, "POSTROOM_DATABASE_URL": url, "POSTROOM_LOG_LEVEL": "warning"}
        command = [sys.executable, "-c", STEER, str(deliveries), *ACTIONS]
        ended = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return {
        action: float(seconds) / deliveries * 1e6 for action, seconds in zip(ACTIONS, ended.stdout.split(), strict=True)
    }
