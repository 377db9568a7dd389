"""What goes over the wire for a message, and what becomes of it when all parties behave?"""

import asyncio
from dataclasses import replace

import pytest

from postroom.rfc.reply import Reply
from postroom.rfc.session import Phase, Unsupported
from postroom.smtp.body import PIECE_OCTETS
from postroom.smtp.envelope import DsnRequest
from postroom.smtp.outcome import Outcome
from tests.smtp.peer import CONTENT, Peer, Script, connected, envelope, scripted

QUEUED = Reply(250, ("2.0.0 queued",))


def sent(outcome: Outcome) -> bool:
    return all(result.is_accepted and result.phase is Phase.MESSAGE for result in outcome.results)


async def one_by_one(peer: Peer) -> None:
    """DATA without PIPELINING: nothing more is written before each answer."""
    await peer.greet()
    for command, reply in (("MAIL", "250 Ok"), ("RCPT", "250 Ok"), ("DATA", "354 Go")):
        await peer.hear(command)
        await asyncio.sleep(0.01)
        assert not peer.reader._buffer  # type: ignore[attr-defined]  # the only way to see that nothing came
        await peer.say(reply)
    assert await peer.hear_data() == CONTENT + b".\r\n"
    await peer.say("250 2.0.0 queued")
    await peer.take_quit()


async def pipelined_data(peer: Peer) -> None:
    await peer.greet("PIPELINING")
    await peer.hear_envelope("MAIL", "RCPT", "DATA")
    await peer.say("250 Ok", "250 Ok", "354 Go")
    assert await peer.hear_data() == CONTENT + b".\r\n"
    await peer.say("250 2.0.0 queued")
    await peer.take_quit()


async def single_turn(peer: Peer) -> None:
    """PIPELINING and CHUNKING: everything before the first answer."""
    await peer.greet("PIPELINING", "CHUNKING")
    await peer.hear_envelope()
    assert await peer.hear_bdat() == CONTENT
    await peer.say("250 Ok", "250 Ok", "250 2.0.0 queued")
    await peer.take_quit()


async def chunking_alone(peer: Peer) -> None:
    await peer.greet("CHUNKING")
    for command in ("MAIL", "RCPT"):
        await peer.hear(command)
        await peer.say("250 Ok")
    assert await peer.hear_bdat() == CONTENT
    await peer.say("250 2.0.0 queued")
    await peer.take_quit()


@pytest.mark.parametrize("script", [one_by_one, pipelined_data, single_turn, chunking_alone])
async def test_sends_by_each_way_a_server_may_offer(script: Script) -> None:
    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        outcome = await connection.send(envelope(), [CONTENT[:10], CONTENT[10:]])
        assert [result.answer for result in outcome.results] == [QUEUED]
        await connection.close()


async def test_a_large_message_waits_until_its_recipients_are_accepted_and_is_not_put_together() -> None:
    content = b"0123456789" * 100_000

    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING", "CHUNKING")
        await peer.hear_envelope()
        await asyncio.sleep(0.01)
        assert not peer.reader._buffer  # type: ignore[attr-defined]
        await peer.say("250 Ok", "250 Ok")
        assert await peer.hear_bdat() == content
        await peer.say("250 2.0.0 queued")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        assert sent(await connection.send(envelope(size=len(content)), [content[:7], content[7:]]))
        connection.abort()


async def test_a_large_message_with_dots_arrives_as_it_is() -> None:
    line = b".leading dot\r\n"
    content = line * (3 * PIECE_OCTETS // len(line))

    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("250 Ok", "250 Ok", "354 Go")
        received = bytearray()
        while (text := await peer.reader.readline()) != b".\r\n":
            received += text.removeprefix(b".")
        assert received == content
        await peer.say("250 2.0.0 queued")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        assert sent(await connection.send(envelope(size=len(content)), [content]))
        connection.abort()


@pytest.mark.parametrize("keywords", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING")])
async def test_refused_recipients_do_not_keep_the_others_from_the_message(keywords: tuple[str, ...]) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*keywords)
        replies = iter(["250 Ok", "550 5.1.1 No", "250 Ok", "450 4.2.0 Later"])
        for command in ("MAIL", "RCPT TO:<a@", "RCPT TO:<b@", "RCPT TO:<c@"):
            await peer.hear(command)
            await peer.say(next(replies))
        if "CHUNKING" in keywords:
            await peer.hear_bdat()
        else:
            await peer.hear("DATA")
            await peer.say("354 Go")
            await peer.hear_data()
        await peer.say("250 2.0.0 queued")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        outcome = await connection.send(envelope("a@x.example", "b@x.example", "c@x.example"), [CONTENT])
        assert [(result.recipient, result.phase, str(result.answer)) for result in outcome.results] == [
            ("a@x.example", Phase.RCPT, "550 5.1.1 No"),
            ("b@x.example", Phase.MESSAGE, "250 2.0.0 queued"),
            ("c@x.example", Phase.RCPT, "450 4.2.0 Later"),
        ]
        connection.abort()


@pytest.mark.parametrize("keywords", [(), ("PIPELINING",)])
async def test_a_message_nobody_may_have_is_not_sent_and_the_next_begins_with_rset(keywords: tuple[str, ...]) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*keywords)
        await peer.hear("MAIL")
        await peer.say("250 Ok")
        await peer.hear("RCPT")
        await peer.say("550 5.1.1 No")
        if keywords:
            await peer.hear("DATA")
            await peer.say("554 5.5.1 No valid recipients")
        for command, reply in (("RSET", "250 Ok"), ("MAIL", "250 Ok"), ("RCPT", "250 Ok"), ("DATA", "354 Go")):
            await peer.hear(command)
            await peer.say(reply)
        await peer.hear_data()
        await peer.say("250 2.0.0 queued")
        await peer.hear("MAIL")  # no RSET after a message that was taken
        await peer.say("450 4.0.0 Enough")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        refused = await connection.send(envelope(), [CONTENT])
        assert [str(result.answer) for result in refused.results] == ["550 5.1.1 No"]
        assert sent(await connection.send(envelope(), [CONTENT]))
        await connection.send(envelope(), [CONTENT])
        connection.abort()


async def test_354_although_all_recipients_failed_is_answered_with_a_lone_dot() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("250 Ok", "550 5.1.1 No", "354 Go")
        assert await peer.reader.readline() == b".\r\n"
        await peer.say("554 5.5.1 No valid recipients")
        await peer.hear("QUIT")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        outcome = await connection.send(envelope(), [CONTENT])
        assert [str(result.answer) for result in outcome.results] == ["550 5.1.1 No"]
        await connection.close()


async def test_354_after_a_refused_sender_ends_the_connection_without_a_dot() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("550 5.7.1 Not you", "250 Ok", "354 Go")
        await peer.hear_end()

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        outcome = await connection.send(envelope(), [CONTENT])
        assert [(result.phase, str(result.answer)) for result in outcome.results] == [(Phase.MAIL, "550 5.7.1 Not you")]
        assert not connection.is_usable


async def test_a_message_over_the_servers_size_is_refused_without_a_word() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("SIZE 20")
        await peer.take_quit()

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        (result,) = (await connection.send(envelope(), [CONTENT])).results
        assert isinstance(result.answer, Unsupported)
        assert result.answer.keyword == "SIZE"
        await connection.close()


@pytest.mark.parametrize(
    ("properties", "keyword"), [({"needs_8bit": True}, "8BITMIME"), ({"needs_smtputf8": True}, "SMTPUTF8")]
)
async def test_what_the_server_cannot_carry_is_refused_without_a_word(
    properties: dict[str, bool], keyword: str
) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        await peer.take_quit()

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        (result,) = (await connection.send(envelope(**properties), [CONTENT])).results  # type: ignore[arg-type]
        assert isinstance(result.answer, Unsupported)
        assert result.answer.keyword == keyword
        await connection.close()


async def test_only_the_non_ascii_recipient_fails_where_the_server_is_ascii() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear_envelope("MAIL", "RCPT TO:<joe@", "DATA")
        await peer.say("250 Ok", "250 Ok", "354 Go")
        await peer.hear_data()
        await peer.say("250 2.0.0 queued")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        bad, good = (await connection.send(envelope("jürgen@x.example", "joe@x.example"), [CONTENT])).results
        assert isinstance(bad.answer, Unsupported)
        assert good.answer == QUEUED
        connection.abort()


async def test_parameters_follow_the_offer() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE", "DSN")
        mail = await peer.hear("MAIL FROM:<mary@company.example> ")
        assert mail.split()[2:] == [f"SIZE={len(CONTENT)}", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=a+2Bb+3D"]
        rcpt = await peer.hear("RCPT TO:<jürgen@x.example> ")
        assert rcpt.split()[2:] == ["NOTIFY=SUCCESS,FAILURE", r"ORCPT=utf-8;j\x{FC}rgen@x.example"]
        rcpt = await peer.hear("RCPT TO:<joe+tag@x.example> ")
        assert rcpt.split()[2:] == ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;joe+2Btag@x.example"]
        await peer.hear("DATA")
        await peer.say("550 5.7.1 a", "503 b", "503 c", "503 d")

    request = DsnRequest(("SUCCESS", "FAILURE"), returns="HDRS", envelope_id="a+b=")
    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        message = envelope("jürgen@x.example", "joe+tag@x.example", needs_8bit=True, dsn=request)
        outcome = await connection.send(message, [CONTENT])
        assert {str(result.answer) for result in outcome.results} == {"550 5.7.1 a"}
        connection.abort()


async def test_the_dialog_shows_who_said_what_and_no_content() -> None:
    async with scripted(pipelined_data) as endpoint:
        connection = await connected(endpoint)
        outcome = await connection.send(envelope(), [CONTENT])
        await connection.close()
    assert outcome.dialog == (
        "C: MAIL FROM:<mary@company.example>",
        "C: RCPT TO:<joe@peer.example>",
        "C: DATA",
        "S: 250 Ok",
        "S: 250 Ok",
        "S: 354 Go",
        f"-- {len(CONTENT)} octets of message",
        "S: 250 2.0.0 queued",
    )
    assert connection.dialog == (
        "S: 220 peer.example ESMTP",
        "C: EHLO client.example",
        "S: 250-peer.example",
        "S: 250 PIPELINING",
    )


async def test_a_rehearsal_goes_up_to_354_and_drops_the_line() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING", "CHUNKING")
        for command, reply in (("MAIL", "250 Ok"), ("RCPT", "250 Ok"), ("DATA", "354 Go")):
            await peer.hear(command)
            await peer.say(reply)
        await peer.hear_end()

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        rehearsal = await connection.rehearse(envelope())
        assert rehearsal.is_complete
        assert [phase for phase, _ in rehearsal.steps] == [Phase.MAIL, Phase.RCPT, Phase.DATA]
        assert not connection.is_usable


async def test_a_failed_rehearsal_leaves_the_connection_for_another_identity() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear("MAIL")
        await peer.say("550 5.7.60 Not as this sender")
        await peer.hear("RSET")
        await peer.say("250 Ok")
        await peer.hear("MAIL FROM:<bounce@")
        await peer.say("250 Ok")
        await peer.hear("RCPT")
        await peer.say("250 Ok")
        await peer.hear("DATA")
        await peer.say("354 Go")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        first = await connection.rehearse(envelope())
        assert (first.is_complete, [str(answer) for _, answer in first.steps]) == (
            False,
            ["550 5.7.60 Not as this sender"],
        )
        second = await connection.rehearse(replace(envelope(), return_path="bounce@company.example"))
        assert second.is_complete
