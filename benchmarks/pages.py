"""How long does the server take for a page with a million messages, beside the same page with a thousand?

Run: python -m benchmarks pages (BENCH_MESSAGES=100000 for fewer than a million)

The median of five answers, in the process that makes them; two hundredths of the mail bounced, and half a year of
counts lies behind Home and the monitor. What is looked for is the oldest mail, which a slice of the newest does not
hold.
"""

import json
import os
import subprocess
import sys
from typing import Any

from tests import database

SMALL, LARGE = 1_000, int(os.environ.get("BENCH_MESSAGES", "1000000"))
PAGES = {
    "Home": "/",
    "Home: today and 30 days": "/flow",
    "Monitor": "/monitor",
    "Monitor by days and server": "/monitor/numbers?period=days&by=server",
    "An email": "/messages/{message}",
    "Conversations": "/records",
    "Alerts": "/alerts",
    "Emails": "/messages",
    "Emails that bounced": "/messages?status=bounced",
    "Emails by a word of the subject": "/messages?text=Quotation+7",
    "Emails by an address": "/messages?text=customer7@customer.example.com",
    "Emails by Message-ID": "/messages?text=7@company-name.com",
    "Emails by tag": "/messages?tag=invoice-7",
}


def run() -> list[dict[str, Any]]:
    database.prepare_run()
    try:
        database.start()
        small, large = _milliseconds(SMALL), _milliseconds(LARGE)
    finally:
        database.end_run()
    return [
        {
            "name": f"{name}, {LARGE:,} messages / {SMALL:,}",
            "ours": large[address],
            "peer": small[address],
            "ratio": small[address] / large[address],
            "unit": "ms",
        }
        for name, address in PAGES.items()
    ]


def _milliseconds(messages: int) -> dict[str, float]:
    with database.new_database(migrated=True) as url:
        environment = {**os.environ, "POSTROOM_DATABASE_URL": url, "POSTROOM_LOG_LEVEL": "warning"}
        command = [sys.executable, "-m", "benchmarks._pages_of", str(messages), *PAGES.values()]
        ended = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found
