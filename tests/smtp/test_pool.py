"""Are connections kept, shared, limited and let go as they should be, and is no message lost over it?"""

import asyncio
from dataclasses import replace

from postroom.rfc.session import ConnectFailure, Lost, Phase
from postroom.smtp.client import Connection
from postroom.smtp.endpoint import Endpoint
from postroom.smtp.outcome import Outcome
from postroom.smtp.pool import Pool
from tests.smtp.peer import CONTENT, Peer, Script, envelope, impatient, scripted, until

KEYWORDS = ("PIPELINING", "CHUNKING")


def pool_for(
    endpoint: Endpoint, *, max_connections: int = 2, max_messages: int = 100, idle_seconds: float = 10
) -> Pool:
    return Pool(
        endpoint,
        max_connections=max_connections,
        max_messages_per_connection=max_messages,
        idle_seconds=idle_seconds,
    )


async def take_message(peer: Peer) -> None:
    await peer.hear_envelope()
    await peer.hear_bdat()
    await peer.say("250 Ok", "250 Ok", "250 2.0.0 queued")


def takes(count: int, *, says_quit: bool = True) -> Script:
    """A server that takes so many messages on one connection, then expects QUIT."""

    async def script(peer: Peer) -> None:
        await peer.greet(*KEYWORDS)
        for _ in range(count):
            await take_message(peer)
        if says_quit:
            await peer.take_quit()

    return script


async def send(pool: Pool) -> None:
    outcome = await pool.send(envelope(), [CONTENT])
    assert isinstance(outcome, Outcome), outcome
    assert all(result.is_accepted for result in outcome.results), outcome


async def test_messages_share_a_connection_that_ends_with_quit() -> None:
    async with scripted(takes(3)) as endpoint:
        pool = pool_for(endpoint)
        for _ in range(3):
            await send(pool)
        await pool.close()


async def test_a_connection_carries_no_more_messages_than_allowed() -> None:
    async with scripted(takes(2), takes(1)) as endpoint:
        pool = pool_for(endpoint, max_messages=2)
        for _ in range(3):
            await send(pool)
        await pool.close()


async def test_a_connection_carries_no_more_messages_than_the_server_declares() -> None:
    def takes_two(count: int) -> Script:
        async def script(peer: Peer) -> None:
            await peer.greet(*KEYWORDS, "LIMITS MAILMAX=2")
            for _ in range(count):
                await take_message(peer)
            await peer.take_quit()

        return script

    async with scripted(takes_two(2), takes_two(1)) as endpoint:
        pool = pool_for(endpoint)
        for _ in range(3):
            await send(pool)
        await pool.close()


async def test_no_more_connections_than_allowed_are_ever_open() -> None:
    open_now = most = 0

    async def script(peer: Peer) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await peer.greet(*KEYWORDS)
        await take_message(peer)
        await peer.hear("QUIT")
        open_now -= 1
        await peer.say("221 Bye")

    async with scripted(*[script] * 6) as endpoint:
        pool = pool_for(endpoint, max_connections=2, max_messages=1)
        await asyncio.gather(*(send(pool) for _ in range(6)))
        await pool.close()
    assert most == 2


async def test_a_server_that_closes_between_messages_costs_none() -> None:
    async def closes(peer: Peer) -> None:
        await takes(1, says_quit=False)(peer)
        peer.writer.close()
        await peer.writer.wait_closed()
        closed.set()

    closed = asyncio.Event()
    async with scripted(closes, takes(1)) as endpoint:
        pool = pool_for(endpoint)
        await send(pool)
        await closed.wait()
        await send(pool)
        await pool.close()


async def test_421_to_the_next_message_of_a_kept_connection_leads_to_a_new_one() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*KEYWORDS)
        await take_message(peer)
        await peer.hear("MAIL")
        await peer.say("421 4.7.0 Too many messages in this session")

    async with scripted(script, takes(1)) as endpoint:
        pool = pool_for(endpoint)
        await send(pool)
        await send(pool)
        await pool.close()


async def test_421_on_a_new_connection_is_the_answer() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*KEYWORDS)
        await peer.hear("MAIL")
        await peer.say("421 4.7.0 Not today")

    async with scripted(script) as endpoint:
        pool = pool_for(endpoint)
        outcome = await pool.send(envelope(), [CONTENT])
        assert isinstance(outcome, Outcome)
        assert str(outcome.results[0].answer) == "421 4.7.0 Not today"
        await pool.close()


async def test_after_an_unknown_outcome_messages_wait_for_their_recipients() -> None:
    async def close_unanswered(peer: Peer) -> None:
        await peer.greet(*KEYWORDS)
        await take_message(peer)
        await peer.hear_envelope()
        await peer.hear_bdat()

    async def careful(peer: Peer) -> None:
        await peer.greet(*KEYWORDS)
        await peer.hear_envelope()
        await asyncio.sleep(0.01)
        assert not peer.reader._buffer  # type: ignore[attr-defined]
        await peer.say("250 Ok", "250 Ok")
        await peer.hear_bdat()
        await peer.say("250 2.0.0 queued")
        await peer.take_quit()

    async with scripted(close_unanswered, careful) as endpoint:
        pool = pool_for(endpoint)
        await send(pool)
        outcome = await pool.send(envelope(), [CONTENT])
        assert isinstance(outcome, Outcome)
        assert outcome.results[0].answer == Lost(
            Phase.MAIL, "the server closed the connection", may_have_been_accepted=True
        )
        await send(pool)
        await pool.close()


async def test_after_pipelining_failed_commands_are_sent_one_by_one() -> None:
    async def swallow(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear("MAIL")
        await peer.say("250 Ok")
        await peer.reader.read()

    async def one_by_one(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        for reply in ("250 Ok", "250 Ok", "354 Go"):
            await peer.hear()
            assert not peer.reader._buffer  # type: ignore[attr-defined]
            await peer.say(reply)
        await peer.hear_data()
        await peer.say("250 2.0.0 queued")
        await peer.take_quit()

    async with scripted(swallow, one_by_one) as endpoint:
        pool = pool_for(replace(endpoint, timeouts=impatient("rcpt")))
        outcome = await pool.send(envelope(), [CONTENT])
        assert isinstance(outcome, Outcome)
        assert outcome.results[0].answer == Lost(Phase.RCPT, "the server did not answer in time")
        pool.endpoint = replace(pool.endpoint, timeouts=endpoint.timeouts)
        await send(pool)
        await pool.close()


async def test_idle_connections_are_let_go() -> None:
    async with scripted(takes(1)) as endpoint:
        pool = pool_for(endpoint, idle_seconds=0.05)
        await send(pool)
        await until(lambda: not pool._idle)
        await pool.close()


async def test_a_new_endpoint_retires_the_old_connections() -> None:
    async with scripted(takes(1)) as old, scripted(takes(1)) as new:
        pool = pool_for(old)
        await send(pool)
        pool.endpoint = new
        await send(pool)
        await pool.close()


async def test_a_failure_to_connect_is_returned_and_blocks_nobody(closed_port: int) -> None:
    async with scripted(takes(1)) as endpoint:
        pool = pool_for(replace(endpoint, port=closed_port), max_connections=1)
        for _ in range(2):
            failure = await pool.send(envelope(), [CONTENT])
            assert isinstance(failure, ConnectFailure)
            assert failure.phase is Phase.CONNECT
        pool.endpoint = endpoint
        await send(pool)
        await pool.close()


async def test_an_interrupted_send_gives_its_place_back() -> None:
    async def hang(peer: Peer) -> None:
        await peer.greet(*KEYWORDS)
        await peer.hear("MAIL")
        begun.set()
        await peer.reader.read()

    begun = asyncio.Event()
    async with scripted(hang, takes(1)) as endpoint:
        pool = pool_for(endpoint, max_connections=1)
        sending = asyncio.create_task(pool.send(envelope(), [CONTENT]))
        await begun.wait()
        sending.cancel()
        await asyncio.wait([sending])
        await send(pool)
        await pool.close()


async def test_a_connection_still_in_use_is_closed_when_it_comes_back() -> None:
    async with scripted(takes(1)) as endpoint:
        pool = pool_for(endpoint)
        async with pool.connection() as connection:
            assert isinstance(connection, Connection)
            await pool.close()
            await connection.send(envelope(), [CONTENT])
        await pool.close()
