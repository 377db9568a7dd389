"""Does a large message on many connections at once stay one message in memory, however slowly the servers read?"""

import asyncio
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from postroom.smtp.endpoint import Endpoint, Security
from postroom.smtp.outcome import Outcome
from postroom.smtp.pool import Pool
from tests.smtp.certificates import self_signed
from tests.smtp.peer import Peer, Script, envelope, scripted

LINE = b"An ordinary line.\r\n"
BODY = LINE * (25 * 1024 * 1024 // len(LINE))
CONNECTIONS = 5
# What may be under way on one connection: some pieces of 64 kB between us, TLS and the system.
MAX_BYTES_A_CONNECTION = 1_500_000


HEAD = b"Subject: Large\r\n\r\n"
SIZE = len(HEAD) + len(BODY)
FINAL_DOT = b".\r\n"


async def takes_data_late(peer: Peer) -> None:
    await peer.greet("PIPELINING")
    await peer.hear_envelope("MAIL", "RCPT", "DATA")
    await peer.say("250 Ok", "250 Ok", "354 Go")
    await read_late(peer, SIZE + len(FINAL_DOT))


async def takes_bdat_late(peer: Peer) -> None:
    await peer.greet("PIPELINING", "CHUNKING")
    await peer.hear_envelope("MAIL", "RCPT")
    await peer.say("250 Ok", "250 Ok")
    await peer.hear(f"BDAT {SIZE} LAST")
    await read_late(peer, SIZE)


async def read_late(peer: Peer, octets: int) -> None:
    await asyncio.sleep(0.1)
    while octets > 0:
        octets -= len(await peer.reader.read(65536))
    await peer.say("250 2.0.0 queued")


async def peak_of_sending(endpoint: Endpoint) -> int:
    """Octets that sending takes beyond the message, at most."""
    pool = Pool(endpoint, max_connections=CONNECTIONS)
    tracemalloc.start()
    try:
        sending = [pool.send(envelope(size=SIZE), [HEAD, BODY]) for _ in range(CONNECTIONS)]
        outcomes = await asyncio.gather(*sending)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert all(isinstance(outcome, Outcome) and outcome.results[0].is_accepted for outcome in outcomes)
    await pool.close()
    return peak


@pytest.mark.parametrize("script", [takes_data_late, takes_bdat_late])
async def test_a_large_message_is_in_memory_once(script: Script) -> None:
    async with scripted(*[script] * CONNECTIONS) as endpoint:
        assert await peak_of_sending(endpoint) < CONNECTIONS * MAX_BYTES_A_CONNECTION


async def test_a_large_message_is_in_memory_once_under_tls(tmp_path: Path) -> None:
    certificate = self_signed()
    context = certificate.server_context(tmp_path)
    async with scripted(*[takes_bdat_late] * CONNECTIONS, tls=context) as endpoint:
        private = replace(endpoint, security=Security.TLS, ca_data=certificate.certificate.decode())
        assert await peak_of_sending(private) < CONNECTIONS * MAX_BYTES_A_CONNECTION
