"""What becomes of a message when the server misbehaves, falls silent or goes away, at every step of the way?"""

import asyncio

import pytest

from postroom.rfc.reply import Reply
from postroom.rfc.session import Lost, Phase
from postroom.smtp.endpoint import Timeouts
from postroom.smtp.outcome import Outcome, Result
from tests.peers.waiting import PATIENCE_SECONDS
from tests.smtp.peer import (
    CONTENT,
    PATIENT,
    Peer,
    Script,
    connected,
    envelope,
    impatient,
    scripted,
    until,
)

DATA_WAY = ("PIPELINING",)
BDAT_WAY = ("PIPELINING", "CHUNKING")


async def send_to(
    *scripts: Script, recipients: int = 1, content: bytes = CONTENT, timeouts: Timeouts = PATIENT
) -> Outcome:
    async with scripted(*scripts, timeouts=timeouts) as endpoint:
        connection = await connected(endpoint)
        addresses = [f"r{number}@peer.example" for number in range(recipients)]
        outcome = await connection.send(envelope(*addresses, size=len(content)), [content])
        connection.abort()
    return outcome


def only(outcome: Outcome) -> Result:
    (result,) = outcome.results
    return result


def lost(outcome: Outcome) -> Lost:
    answer = only(outcome).answer
    assert isinstance(answer, Lost), answer
    return answer


async def say_nothing(peer: Peer) -> None:
    """Keeps the connection until the client gives up."""
    await peer.reader.read()


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("is_closing", [True, False], ids=["closes", "is silent"])
async def test_an_end_before_the_final_dot_is_safe_and_after_it_unknown(step: int, is_closing: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        for command, reply in (("MAIL", "250 Ok"), ("RCPT", "250 Ok"), ("DATA", "354 Go"))[:step]:
            await peer.hear(command)
            await peer.say(reply)
        await (peer.hear_data() if step == 3 else peer.hear())
        if not is_closing:
            await say_nothing(peer)

    phase = [Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.MESSAGE][step]
    answer = lost(await send_to(script, timeouts=PATIENT if is_closing else impatient(phase)))
    assert answer.phase is phase
    assert answer.may_have_been_accepted is (step == 3)


async def test_a_message_written_in_one_turn_and_never_answered_is_unknown() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*BDAT_WAY)
        await peer.hear_envelope()
        await peer.hear_bdat()

    answer = lost(await send_to(script))
    assert (answer.phase, answer.may_have_been_accepted) == (Phase.MAIL, True)


async def test_an_end_in_the_middle_of_a_large_message_is_safe() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*BDAT_WAY)
        await peer.hear_envelope()
        await peer.say("250 Ok", "250 Ok")
        await peer.reader.readexactly(100_000)

    answer = lost(await send_to(script, content=b"x" * 20_000_000))
    assert (answer.phase, answer.may_have_been_accepted) == (Phase.MESSAGE, False)


async def test_a_server_that_stops_reading_is_given_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*BDAT_WAY)
        await peer.hear_envelope()
        await peer.say("250 Ok", "250 Ok")
        await peer.stay()

    answer = lost(await send_to(script, content=b"x" * 20_000_000, timeouts=impatient("block")))
    assert answer == Lost(Phase.MESSAGE, "the server did not answer in time", may_have_been_accepted=False)


async def test_a_refusal_in_the_middle_of_a_large_message_is_heard() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("250 Ok", "250 Ok", "354 Go")
        await peer.reader.readexactly(100_000)
        await peer.say("552 5.3.4 Too large")
        await peer.stay()

    result = only(await send_to(script, content=b"x" * 20_000_000))
    assert (result.phase, str(result.answer)) == (Phase.MESSAGE, "552 5.3.4 Too large")


async def test_an_acceptance_in_the_middle_of_a_message_is_none() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("250 Ok", "250 Ok", "354 Go")
        await peer.reader.readexactly(100_000)
        await peer.say("250 2.0.0 queued")
        await peer.stay()

    answer = lost(await send_to(script, content=b"x" * 20_000_000))
    assert not answer.may_have_been_accepted


async def test_250_after_a_long_silence_is_250() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        for reply in ("250 Ok", "250 Ok", "354 Go"):
            await asyncio.sleep(0.6)  # each within its own time, together beyond any one's
            await peer.say(reply)
        await peer.hear_data()
        await peer.say("250 2.0.0 queued")

    assert only(await send_to(script, timeouts=impatient("mail", "rcpt", "data", seconds=1.7))).is_accepted


async def test_replies_byte_by_byte_and_of_many_lines_are_understood() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        for octet in b"250-2.1.0 Yes\r\n250 2.1.0 indeed\r\n250 Ok\r\n354-Go\r\n354 on\r\n":
            await peer.say(bytes([octet]))
            await asyncio.sleep(0)
        await peer.hear_data()
        await peer.say("250-2.0.0 queued", "250 2.0.0 as 42")

    assert only(await send_to(script)).answer == Reply(250, ("2.0.0 queued", "2.0.0 as 42"))


@pytest.mark.parametrize("keywords", [(), DATA_WAY, BDAT_WAY])
async def test_421_to_mail_is_the_answer_for_everyone(keywords: tuple[str, ...]) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*keywords)
        await peer.hear("MAIL")
        await peer.say("421 4.3.2 Shutting down")

    outcome = await send_to(script, recipients=3)
    assert {(result.phase, str(result.answer)) for result in outcome.results} == {
        (Phase.MAIL, "421 4.3.2 Shutting down")
    }
    assert outcome.is_turned_away


@pytest.mark.parametrize("keywords", [(), DATA_WAY])
async def test_421_in_the_middle_of_the_envelope_settles_it_as_nothing_was_sent(keywords: tuple[str, ...]) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*keywords)
        for reply in ("250 Ok", "250 Ok", "421 4.3.2 Shutting down"):
            await peer.hear()
            await peer.say(reply)

    outcome = await send_to(script, recipients=3)
    assert [str(result.answer) for result in outcome.results] == ["421 4.3.2 Shutting down"] * 3


async def test_421_in_the_middle_of_a_written_message_leaves_the_accepted_recipient_unknown() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*BDAT_WAY)
        await peer.hear_envelope("MAIL", "RCPT", "RCPT")
        await peer.hear_bdat()
        await peer.say("250 Ok", "250 Ok", "421 4.3.2 Shutting down")

    accepted, refused = (await send_to(script, recipients=2)).results
    assert isinstance(accepted.answer, Lost)
    assert accepted.answer.may_have_been_accepted
    assert str(refused.answer) == "421 4.3.2 Shutting down"


async def test_421_without_closing_does_not_keep_us_waiting() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("421 4.3.2 Shutting down")
        await say_nothing(peer)

    async with scripted(script, timeouts=impatient("quit", seconds=0.05)) as endpoint:
        connection = await connected(endpoint)
        async with asyncio.timeout(PATIENCE_SECONDS / 2):
            outcome = await connection.send(envelope(), [CONTENT])
        assert str(only(outcome).answer) == "421 4.3.2 Shutting down"


async def test_421_as_the_answer_to_the_message_is_a_reply() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*BDAT_WAY)
        await peer.hear_envelope()
        await peer.hear_bdat()
        await peer.say("250 Ok", "250 Ok", "421 4.3.0 Out of space")

    result = only(await send_to(script))
    assert (result.phase, str(result.answer)) == (Phase.MESSAGE, "421 4.3.0 Out of space")


@pytest.mark.parametrize(
    ("replies", "phase"),
    [
        (["354 Go"], Phase.MAIL),
        (["250 Ok", "354 Go"], Phase.RCPT),
        (["250 Ok", "250 Ok", "250 Go"], Phase.DATA),
        (["250 Ok", "250 Ok", "199 Go"], Phase.DATA),
    ],
)
async def test_a_wrong_code_before_the_message_is_never_taken_for_success(replies: list[str], phase: Phase) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        for reply in replies:
            await peer.hear()
            await peer.say(reply)
        await peer.hear_end()

    answer = lost(await send_to(script))
    assert (answer.phase, answer.may_have_been_accepted) == (phase, False)
    assert replies[-1] in answer.why


@pytest.mark.parametrize(
    "reply", [b"354 Go\r\n", b"\xff\xfe junk\r\n", b"250-yes\r\n550 no\r\n", b"HTTP/1.1 200 OK\r\n"]
)
async def test_nonsense_after_the_message_is_unknown(reply: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("250 Ok", "250 Ok", "354 Go")
        await peer.hear_data()
        await peer.say(reply)
        await peer.hear_end()

    answer = lost(await send_to(script))
    assert (answer.phase, answer.may_have_been_accepted) == (Phase.MESSAGE, True)


async def test_8_bit_junk_in_a_refusal_is_shown_harmlessly() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        await peer.hear("MAIL")
        await peer.say(b"550 5.7.1 Acc\xe8s refus\xe9 \x00\x1b[2J\r\n")

    assert str(only(await send_to(script)).answer) == r"550 5.7.1 Acc\xe8s refus\xe9 " + "\ufffd\ufffd[2J"


async def test_a_reply_too_many_ends_the_connection_but_not_the_message() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("250 Ok", "250 Ok", "354 Go")
        await peer.hear_data()
        await peer.say("250 2.0.0 queued", "421 4.4.2 And goodbye")
        await peer.hear_end()

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        assert only(await connection.send(envelope(), [CONTENT])).is_accepted
        assert not connection.is_usable


async def test_a_server_that_closed_in_the_meantime_is_found_out_before_anything_is_written() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*BDAT_WAY)
        await peer.say("421 4.4.2 Idle for too long")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        await until(lambda: connection._wire.lost is not None)
        assert not connection.is_usable
        outcome = await connection.send(envelope(), [CONTENT])
        assert lost(outcome) == Lost(Phase.MAIL, "the server spoke out of turn: 421 4.4.2 Idle for too long")
        assert outcome.is_turned_away


async def test_a_close_the_event_loop_has_not_seen_is_found_out_too() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*BDAT_WAY)
        peer.writer.close()
        await peer.writer.wait_closed()
        closed.set()

    closed = asyncio.Event()
    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        connection._wire._transport.pause_reading()  # as if the loop were busy
        await closed.wait()
        answer = lost(await connection.send(envelope(), [CONTENT]))
        assert not answer.may_have_been_accepted


async def test_pipelining_that_swallows_commands_is_a_safe_loss() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear("MAIL")
        await peer.say("250 Ok")
        await say_nothing(peer)

    answer = lost(await send_to(script, timeouts=impatient("rcpt")))
    assert (answer.phase, answer.may_have_been_accepted) == (Phase.RCPT, False)


async def test_an_interrupted_message_leaves_no_usable_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*DATA_WAY)
        await peer.hear("MAIL")
        begun.set()
        await say_nothing(peer)

    begun = asyncio.Event()
    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        sending = asyncio.create_task(connection.send(envelope(), [CONTENT]))
        await begun.wait()
        sending.cancel()
        await asyncio.wait([sending])
        assert sending.cancelled()
        assert not connection.is_usable
