"""Whom does a failure concern – recipient, message, server –, wherever it comes, and does it come to an end?

Every oddity meets the client at every step of every way of sending: one command at a time, envelope and DATA together,
everything together.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from postroom.policy.causes import Reach
from postroom.policy.failure import Verdict, judge
from postroom.policy.status import Status
from postroom.rfc.session import ConnectFailure, Phase
from postroom.smtp.client import connect
from postroom.smtp.endpoint import Password, Security, Timeouts
from tests.peers.waiting import PATIENCE_SECONDS
from tests.smtp.peer import CONTENT, PATIENT, Peer, Script, connected, envelope, impatient, scripted

Oddity = Callable[[Peer], Awaitable[None]]

# What each way writes before it waits. "." is the message after DATA.
WAYS = {
    "one by one": [["MAIL"], ["RCPT"], ["DATA"], ["."]],
    "pipelined": [["MAIL", "RCPT", "DATA"], ["."]],
    "in one turn": [["MAIL", "RCPT", "BDAT"]],
}
KEYWORDS = {"one by one": (), "pipelined": ("PIPELINING",), "in one turn": ("PIPELINING", "CHUNKING")}
USUAL = {"MAIL": "250 Ok", "RCPT": "250 Ok", "DATA": "354 Go"}
PLACES = [(way, step) for way, groups in WAYS.items() for group in groups for step in group]
PHASES = {"MAIL": Phase.MAIL, "RCPT": Phase.RCPT, "DATA": Phase.DATA, ".": Phase.MESSAGE, "BDAT": Phase.MESSAGE}


def says(*lines: str | bytes) -> Oddity:
    async def say(peer: Peer) -> None:
        await peer.say(*lines)

    return say


async def closes(peer: Peer) -> None:
    peer.writer.close()


async def resets(peer: Peer) -> None:
    """As a firewall does that has forgotten the connection."""
    connection = peer.writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.writer.transport.abort()


async def is_silent(peer: Peer) -> None:
    await peer.reader.read()


async def dribbles(peer: Peer) -> None:
    """A reply that never ends; each octet comes before anyone's patience does."""
    while not peer.writer.is_closing() and not peer.reader.at_eof():
        peer.writer.write(b"2")
        await asyncio.sleep(0.03)


async def chatters(peer: Peer) -> None:
    """A reply of more lines than anyone has to say."""
    await peer.say(b"250-and\r\n" * 10_000)


ODDITIES: dict[str, Oddity] = {
    "closes": closes,
    "resets": resets,
    "is silent": is_silent,
    "dribbles": dribbles,
    "chatters": chatters,
    "endless line": says(b"2" * 100_000),
    "no reply at all": says(b"\xff\xfe\x00 What?\r\n"),
    "another protocol": says("HTTP/1.1 400 Bad Request", "", "<html>"),
    "contradiction": says("250-Yes", "550 No"),
    "unknown class": says("199 Perhaps"),
}
GOODBYES: dict[str, Oddity] = {
    "goodbye": says("421 4.4.2 Closing"),
    "goodbye in lines": says("421-4.4.2 Closing", "421 4.4.2 now"),
    "goodbye without words": says("421"),
    "goodbye with junk": says(b"421 4.4.2 Ferm\xe9 \x1b[2J\x00\r\n"),
    "goodbye at length": says(b"421 4.4.2 " + b"x" * 10_000 + b"\r\n"),
}


def patience_with(oddity: Oddity, phase: Phase) -> Timeouts:
    """Only what never ends by itself is cut short, and only where it comes: elsewhere a busy peer may be late."""
    return impatient(phase) if oddity in (is_silent, dribbles) else PATIENT


def odd_at(way: str, odd_step: str, oddity: Oddity) -> Script:
    """A server that is itself up to this step; the replies before it come in one packet with what the oddity says."""

    async def script(peer: Peer) -> None:
        await peer.greet(*KEYWORDS[way])
        for group in WAYS[way]:
            for step in group:
                await _hear(peer, step)
            for step in group:
                if step == odd_step:
                    await oddity(peer)
                    return
                peer.writer.write(USUAL[step].encode() + b"\r\n")

    return script


async def _hear(peer: Peer, step: str) -> None:
    if step == ".":
        await peer.hear_data()
    elif step == "BDAT":
        await peer.hear_bdat()
    else:
        await peer.hear(step)


async def verdict_of(script: Script, timeouts: Timeouts = PATIENT) -> Verdict:
    async with scripted(script, timeouts=timeouts) as endpoint, asyncio.timeout(PATIENCE_SECONDS):
        connection = await connected(endpoint)
        (result,) = (await connection.send(envelope(), [CONTENT])).results
        connection.abort()
    return judge(result.answer, phase=result.phase)


async def verdicts_on(oddity: Oddity) -> dict[tuple[str, str], tuple[Status, Reach]]:
    """The verdict for each place where the oddity may come."""
    verdicts = await asyncio.gather(
        *(verdict_of(odd_at(way, step, oddity), patience_with(oddity, PHASES[step])) for way, step in PLACES)
    )
    return {place: (verdict.outcome, verdict.reach) for place, verdict in zip(PLACES, verdicts, strict=True)}


@pytest.mark.parametrize("oddity", ODDITIES)
async def test_no_answer_is_the_servers_fault_or_if_the_message_was_out_unknown(oddity: str) -> None:
    in_doubt, safe = (Status.UNKNOWN, Reach.MESSAGE), (Status.DEFERRED, Reach.SERVER)
    assert await verdicts_on(ODDITIES[oddity]) == {
        (way, step): in_doubt if way == "in one turn" or step == "." else safe for way, step in PLACES
    }


@pytest.mark.parametrize("oddity", GOODBYES)
async def test_421_settles_the_message_and_concerns_the_server(oddity: str) -> None:
    assert set((await verdicts_on(GOODBYES[oddity])).values()) == {(Status.DEFERRED, Reach.SERVER)}


@pytest.mark.parametrize(
    ("step", "reply", "outcome", "reach"),
    [
        ("MAIL", "530 5.7.0 Authentication required", Status.DEFERRED, Reach.SERVER),
        ("MAIL", "451 4.3.0 Out of order", Status.DEFERRED, Reach.SERVER),
        ("MAIL", "552 5.3.4 Too large", Status.BOUNCED, Reach.MESSAGE),
        ("MAIL", "553 5.7.1 Sender address rejected: not owned by user", Status.DEFERRED, Reach.IDENTITY),
        ("RCPT", "550 5.1.1 No such user", Status.BOUNCED, Reach.RECIPIENT),
        ("RCPT", "450 4.2.1 Mailbox busy", Status.DEFERRED, Reach.RECIPIENT),
        ("RCPT", "451 4.7.1 Greylisted", Status.DEFERRED, Reach.RECIPIENT),
        ("RCPT", "500 5.5.2 Line too long", Status.DEFERRED, Reach.SERVER),
        (".", "554 5.6.0 Content rejected", Status.BOUNCED, Reach.MESSAGE),
        (".", "452 4.3.1 Insufficient system storage", Status.DEFERRED, Reach.SERVER),
    ],
)
async def test_a_refusal_reaches_as_far_as_it_says(step: str, reply: str, outcome: Status, reach: Reach) -> None:
    verdicts = await asyncio.gather(*(verdict_of(refusing(way, step, reply)) for way in WAYS))
    assert [(verdict.outcome, verdict.reach) for verdict in verdicts] == [(outcome, reach)] * len(WAYS)


def refusing(way: str, refused: str, reply: str) -> Script:
    """A server that refuses at this step, and goes on as long as the client does."""

    async def script(peer: Peer) -> None:
        await peer.greet(*KEYWORDS[way])
        for group in WAYS[way]:
            for command in group:
                await _hear(peer, command)
            await peer.say(*(_answer(command, refused, reply) for command in group))
            if refused in group or "BDAT" in group:
                return

    return script


def _answer(command: str, refused: str, reply: str) -> str:
    """What a server says to a command when it refuses one of its transaction."""
    order = ["MAIL", "RCPT", "DATA", "."]
    place = order.index("." if command == "BDAT" else command) - order.index(refused)
    if place == 0:
        return reply
    return USUAL[command] if place < 0 else "503 5.5.1 Bad sequence"


@pytest.mark.parametrize("oddity", [*ODDITIES, *GOODBYES])
async def test_no_session_is_the_servers_fault(oddity: str) -> None:
    act = (ODDITIES | GOODBYES)[oddity]

    async def before_the_greeting(peer: Peer) -> None:
        await act(peer)

    async def at_ehlo(peer: Peer) -> None:
        await peer.say("220 hello")
        await peer.hear("EHLO")
        await act(peer)

    async def at_starttls(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await act(peer)

    async def in_the_handshake(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("220 Go ahead")
        assert await peer.reader.read(1) == b"\x16"
        await act(peer)

    async def at_login(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN")
        await peer.hear("AUTH PLAIN")
        await act(peer)

    phases = {
        before_the_greeting: Phase.GREETING,
        at_ehlo: Phase.EHLO,
        at_starttls: Phase.TLS,
        in_the_handshake: Phase.TLS,
        at_login: Phase.LOGIN,
    }
    failures = await asyncio.gather(
        *(failure_of(script, patience_with(act, phase)) for script, phase in phases.items())
    )
    assert [failure.phase for failure in failures] == list(phases.values())
    verdicts = [judge(failure) for failure in failures]
    assert {(verdict.outcome, verdict.reach) for verdict in verdicts} == {(Status.DEFERRED, Reach.SERVER)}


async def failure_of(script: Script, timeouts: Timeouts = PATIENT) -> ConnectFailure:
    async with scripted(script, timeouts=timeouts) as endpoint, asyncio.timeout(PATIENCE_SECONDS):
        security = Security.STARTTLS if script.__name__ in ("at_starttls", "in_the_handshake") else Security.NONE
        failure = await connect(replace(endpoint, security=security, credentials=Password("mary", "secret")))
    assert isinstance(failure, ConnectFailure)
    return failure


@pytest.mark.parametrize("early", ["250 peer.example", "220 hello again", "421 4.4.2 Goodbye", "junk"])
async def test_a_server_that_talks_before_it_is_asked_is_left(early: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.say("220 hello", early)
        await peer.hear_end()

    failure = await failure_of(script)
    assert failure.phase is Phase.EHLO
    assert judge(failure).reach is Reach.SERVER


async def test_a_server_that_closes_right_behind_its_acceptance_has_accepted() -> None:
    async def script(peer: Peer) -> None:
        await odd_at("pipelined", ".", says("250 2.0.0 queued"))(peer)
        await closes(peer)

    assert (await verdict_of(script)).outcome is Status.SENT
