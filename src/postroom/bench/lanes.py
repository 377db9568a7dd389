"""How long does an invoice wait while a campaign leaves through the same server and workers?

Measured from the HTTP answer 202 to the recorded reply of the server, on a real web process, real workers and a sink:
first on an idle system, then with the campaign waiting behind.
"""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from itertools import count

import psycopg

from postroom.bench.content import AUTHOR, HTML, TEXT
from postroom.bench.deliver import Plan as DeliveryPlan
from postroom.bench.deliver import place
from postroom.bench.submit import free_port, output, wait_for
from postroom.bench.surroundings import own_database, process

BATCH = 1_000
LONGEST_SECONDS = 120.0  # for one side's mail to be delivered
GAP_SECONDS = 0.05
_numbers = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    messages: int  # of transactional mail, on each side
    campaign: int
    connections: int
    workers: int


@dataclass(frozen=True, slots=True)
class Waits:
    median_ms: float
    p99_ms: float


def measure(plan: Plan, database_url: str) -> dict[str, object]:
    """Run the plan; waits on both sides, their ratio, and how much of the campaign was still waiting at the end."""
    with ExitStack() as stack:
        environment = stack.enter_context(own_database(database_url))
        port = free_port()
        environment["POSTROOM_HTTP_PORT"] = str(port)
        options = {"messages": 0, "workers": 1, "sign": "none", "latency_ms": 0.0, "chunking": False, "smtp": None}
        host, sink = place(DeliveryPlan(connections=plan.connections, **options), stack)  # type: ignore[arg-type]
        key = output(
            "-m", "postroom.bench.fill", "1", "none", host, str(sink), str(plan.connections), env=environment
        ).strip()
        stack.enter_context(process("-m", "postroom", "web", env=environment))
        for _ in range(plan.workers):
            stack.enter_context(process("-m", "postroom", "worker", env=environment))
        wait_for(port)
        database = stack.enter_context(psycopg.connect(environment["POSTROOM_DATABASE_URL"], autocommit=True))
        api = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port)))
        database.execute("UPDATE outbound_outlet SET closed_until = NULL")
        _waits(api, key, database, 20)  # connections made, statements prepared
        idle = _waits(api, key, database, plan.messages)
        _begin_campaign(api, key, database, plan.campaign)
        busy = _waits(api, key, database, plan.messages)
        left = database.execute("SELECT count(*) FROM outbound_delivery WHERE finished_at IS NULL").fetchone()
    return {
        **asdict(plan),
        "idle": asdict(idle),
        "busy": asdict(busy),
        "ratio": round(busy.median_ms / idle.median_ms, 2),
        "campaign_left": left[0] if left else 0,
    }


def _begin_campaign(api: http.client.HTTPConnection, key: str, database: "psycopg.Connection", messages: int) -> None:
    """All of it is handed in while the server is closed, and begins to leave at one moment."""
    database.execute("UPDATE outbound_outlet SET closed_until = now() + interval '1 hour'")
    for batch in _campaign(messages):
        _post(api, key, "/api/v1/messages/batch", {"messages": batch})
    database.execute("UPDATE outbound_outlet SET closed_until = NULL")
    database.execute("SELECT pg_notify('postroom_lane', outlet_id || '/' || id) FROM outbound_lane")
    time.sleep(1)


def _waits(api: http.client.HTTPConnection, key: str, database: "psycopg.Connection", messages: int) -> Waits:
    answered: dict[str, float] = {}
    for _ in range(messages):
        answer = _post(api, key, "/api/v1/messages", _message())
        answered[str(answer["id"])] = time.time()
        time.sleep(GAP_SECONDS)
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        rows = database.execute(
            "SELECT message_id::text, extract(epoch FROM finished_at)::float FROM outbound_delivery"
            " WHERE message_id = ANY(%s::uuid[]) AND status = 'sent'",
            [list(answered)],
        ).fetchall()
        if len(rows) == messages:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"Only {len(rows)} of {messages} messages were sent within {LONGEST_SECONDS} s.")
        time.sleep(0.2)
    waits = sorted(max(finished - answered[message], 0) * 1000 for message, finished in rows)
    return Waits(round(waits[len(waits) // 2], 1), round(waits[len(waits) * 99 // 100], 1))


def _campaign(messages: int) -> Iterator[list[dict[str, object]]]:
    for start in range(0, messages, BATCH):
        yield [{**_message(), "stream": "mass"} for _ in range(min(BATCH, messages - start))]


def _message() -> dict[str, object]:
    number = next(_numbers)
    recipient = f"customer{number}@customer.example.com"
    return {"from": AUTHOR, "to": [recipient], "subject": f"Quotation {number}", "text": TEXT, "html": HTML}


def _post(api: http.client.HTTPConnection, key: str, path: str, body: object) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    api.request("POST", path, json.dumps(body), headers)
    answer = api.getresponse()
    content: dict[str, object] = json.loads(answer.read())
    if answer.status not in (200, 202, 207):
        raise RuntimeError(f"{path} answered {answer.status}: {content}")
    return content
