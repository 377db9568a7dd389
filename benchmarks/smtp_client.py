"""How much CPU does a message cost our SMTP client, and how many go through a distant server, beside other clients?

Run: python -m benchmarks.smtp_client

All clients send the same 2 kB message over ten connections to the same sink, in this run. On loopback the CPU time of
the client's process is measured; at 20 ms round trip, the messages a second.
"""

import asyncio
import smtplib
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any

import aiosmtplib
import uvloop

from benchmarks._smtp_sink import sink
from postroom.smtp.client import Connection, connect
from postroom.smtp.endpoint import Endpoint, Security
from postroom.smtp.envelope import Envelope

CONNECTIONS = 10
LOOPBACK_MESSAGES = 2000
DISTANT_MESSAGES = 200
LATENCY_MS = 20

SENDER, RECIPIENT = "mary@company.example", "joe@customer.example.com"
MESSAGE = b"From: mary@company.example\r\nSubject: Offer\r\n\r\n" + b"An ordinary line of an ordinary message.\r\n" * 48

WAYS = {
    "CHUNKING": frozenset(),
    "PIPELINING": frozenset({"CHUNKING"}),
    "one by one": frozenset({"CHUNKING", "PIPELINING"}),
}
# The peers do neither PIPELINING nor CHUNKING.
Client = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Measured:
    cpu_us: float
    per_second: float


def run() -> list[dict[str, Any]]:
    ours: dict[str, Client] = {way: partial(send_with_ours, avoid=avoid) for way, avoid in WAYS.items()}
    peers: dict[str, Client] = {"aiosmtplib": send_with_aiosmtplib, "smtplib": send_with_smtplib}
    with sink() as port:
        near = {name: measure(client, port, LOOPBACK_MESSAGES) for name, client in (ours | peers).items()}
    with sink(LATENCY_MS) as port:
        far = {name: measure(client, port, DISTANT_MESSAGES) for name, client in (ours | peers).items()}
    rows = []
    for peer in peers:
        for way in ours:
            mine, its = near[way].cpu_us, near[peer].cpu_us
            rows.append(_row(f"SMTP client, {way}, beside {peer}", mine, its, its / mine, "µs CPU a message"))
        for way in ours:
            mine, its = far[way].per_second, far[peer].per_second
            name = f"SMTP client at {LATENCY_MS} ms, {way}, beside {peer}"
            rows.append(_row(name, mine, its, mine / its, "messages/s"))
    return rows


def _row(name: str, ours: float, peer: float, ratio: float, unit: str) -> dict[str, Any]:
    return {"name": name, "ours": ours, "peer": peer, "ratio": ratio, "unit": unit}


def measure(client: Client, port: int, messages: int) -> Measured:
    client(port, CONNECTIONS)  # imports, caches
    cpu, clock = time.process_time(), time.perf_counter()
    client(port, messages)
    return Measured((time.process_time() - cpu) / messages * 1e6, messages / (time.perf_counter() - clock))


def send_with_ours(port: int, messages: int, *, avoid: frozenset[str]) -> None:
    endpoint = Endpoint("127.0.0.1", port, Security.NONE, ehlo_name="client.example", avoid=avoid)

    async def carry(share: int) -> None:
        connection = await connect(endpoint)
        assert isinstance(connection, Connection)
        for _ in range(share):
            outcome = await connection.send(Envelope(SENDER, (RECIPIENT,), len(MESSAGE)), [MESSAGE])
            assert outcome.results[0].is_accepted
        await connection.close()

    uvloop.run(_on_each_connection(carry, messages))


def send_with_aiosmtplib(port: int, messages: int) -> None:
    async def carry(share: int) -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, local_hostname="client.example", start_tls=False)
        async with client:
            for _ in range(share):
                await client.sendmail(SENDER, [RECIPIENT], MESSAGE)

    uvloop.run(_on_each_connection(carry, messages))


def send_with_smtplib(port: int, messages: int) -> None:
    def carry(share: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example") as client:
            for _ in range(share):
                client.sendmail(SENDER, [RECIPIENT], MESSAGE)

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(carry, repeat(messages // CONNECTIONS, CONNECTIONS)))


async def _on_each_connection(carry: Callable[[int], Coroutine[Any, Any, None]], messages: int) -> None:
    await asyncio.gather(*(carry(messages // CONNECTIONS) for _ in range(CONNECTIONS)))


if __name__ == "__main__":
    for row in run():
        figures = f"ours {row['ours']:8.1f}  peer {row['peer']:8.1f} {row['unit']:<16} {row['ratio']:5.1f} times better"
        print(f"{row['name']:<55} {figures}")
