"""Does every recipient get the message, and its own answer, where a server takes few of them at a time?"""

from dataclasses import replace

import pytest

from postroom.rfc.session import Lost, Phase
from postroom.smtp.envelope import DsnRequest
from postroom.smtp.outcome import Outcome
from tests.smtp.peer import CONTENT, Peer, Script, connected, envelope, scripted

TOO_MANY = "452 4.5.3 Too many recipients"
OK = "250 2.1.5 Ok"
FIVE = tuple(f"r{number}@peer.example" for number in range(5))


def takes(*transactions: list[str], keywords: tuple[str, ...] = (), ends: str = "250 2.0.0 queued") -> Script:
    """A server that answers the RCPTs of each transaction so, and its message with `ends` and its number."""

    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING", *keywords)
        for number, replies in enumerate(transactions, 1):
            await peer.hear("MAIL")
            for _ in replies:
                await peer.hear("RCPT")
            await peer.hear("DATA")
            await peer.say("250 Ok", *replies, "354 Go")
            await peer.hear_data()
            await peer.say(f"{ends} {number}")

    return script


async def send(script: Script, *recipients: str, times: int = 1) -> Outcome:
    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        for _ in range(times):
            outcome = await connection.send(envelope(*recipients), [CONTENT])
        connection.abort()
    return outcome


def answers(outcome: Outcome) -> list[str]:
    return [str(result.answer) for result in outcome.results]


@pytest.mark.parametrize(
    "refusal", [TOO_MANY, "552 too many recipients", "452 Error: too many recipients", "450 4.5.3 Enough"]
)
async def test_recipients_too_many_follow_at_once_in_the_next_transaction(refusal: str) -> None:
    outcome = await send(takes([OK, OK, refusal, refusal, refusal], [OK, OK], [OK]), *FIVE)
    queued = "250 2.0.0 queued"
    assert answers(outcome) == [f"{queued} 1", f"{queued} 1", f"{queued} 2", f"{queued} 2", f"{queued} 3"]
    assert sum(line.startswith("C: MAIL") for line in outcome.dialog) == 3


async def test_a_limit_once_learned_is_kept_to() -> None:
    transactions = takes([OK, OK, TOO_MANY], [OK], [OK, OK], [OK])
    outcome = await send(transactions, *FIVE[:3], times=2)
    assert answers(outcome) == ["250 2.0.0 queued 3", "250 2.0.0 queued 3", "250 2.0.0 queued 4"]


async def test_a_limit_that_is_declared_needs_no_refusal() -> None:
    transactions = takes([OK, OK], [OK, OK], [OK], keywords=("LIMITS MAILMAX=9 RCPTMAX=2",))
    assert all(result.is_accepted for result in (await send(transactions, *FIVE)).results)


async def test_other_refusals_in_between_stay_with_their_recipients() -> None:
    transactions = takes([OK, "550 5.1.1 No such user", TOO_MANY, "450 4.2.1 Busy", TOO_MANY], [OK], [OK])
    assert answers(await send(transactions, *FIVE)) == [
        "250 2.0.0 queued 1",
        "550 5.1.1 No such user",
        "250 2.0.0 queued 2",
        "450 4.2.1 Busy",
        "250 2.0.0 queued 3",
    ]


async def test_too_many_for_a_transaction_without_any_recipient_is_the_answer() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear_envelope("MAIL", "RCPT", "RCPT", "DATA")
        await peer.say("250 Ok", TOO_MANY, TOO_MANY, "503 5.5.1 No recipients")
        await peer.hear_end()

    assert answers(await send(script, *FIVE[:2])) == [TOO_MANY, TOO_MANY]


async def test_after_a_refused_message_the_others_are_left_for_later() -> None:
    transactions = takes([OK, TOO_MANY], ends="554 5.6.0 Spam")
    assert answers(await send(transactions, *FIVE[:2])) == ["554 5.6.0 Spam 1", TOO_MANY]


async def test_what_was_accepted_before_the_connection_broke_stays_accepted() -> None:
    async def script(peer: Peer) -> None:
        await takes([OK, OK, TOO_MANY])(peer)
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("250 Ok", OK, "354 Go")
        await peer.hear_data()

    *accepted, doubtful = (await send(script, *FIVE[:3])).results
    assert all(result.is_accepted for result in accepted)
    assert isinstance(doubtful.answer, Lost)
    assert doubtful.answer.may_have_been_accepted


async def test_portions_never_begun_are_safe_to_send_again() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING", "LIMITS RCPTMAX=1")
        await peer.hear_envelope("MAIL", "RCPT", "DATA")
        await peer.say("250 Ok", OK, "354 Go")
        await peer.hear_data()

    first, *others = (await send(script, *FIVE[:3])).results
    assert isinstance(first.answer, Lost)
    assert first.answer.may_have_been_accepted
    assert [(r.phase, isinstance(r.answer, Lost) and r.answer.may_have_been_accepted) for r in others] == [
        (Phase.MAIL, False)
    ] * 2


async def test_a_server_that_says_goodbye_with_the_message_keeps_the_rest_waiting() -> None:
    async def script(peer: Peer) -> None:
        await takes([OK, TOO_MANY])(peer)
        await peer.say("421 4.3.2 Shutting down")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        accepted, rest = (await connection.send(envelope(*FIVE[:2]), [CONTENT])).results
        connection.abort()
    assert accepted.is_accepted
    assert not rest.is_accepted
    assert not (isinstance(rest.answer, Lost) and rest.answer.may_have_been_accepted)


async def test_original_recipients_stay_beside_theirs() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING", "DSN", "LIMITS RCPTMAX=1")
        for name in ("one", "two"):
            await peer.hear("MAIL")
            assert (await peer.hear("RCPT")).endswith(f"ORCPT=rfc822;{name}@x.example")
            await peer.hear("DATA")
            await peer.say("250 Ok", OK, "354 Go")
            await peer.hear_data()
            await peer.say("250 2.0.0 queued")

    dsn = DsnRequest(original_recipients=("one@x.example", "two@x.example"))
    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        outcome = await connection.send(replace(envelope(*FIVE[:2]), dsn=dsn), [CONTENT])
        assert all(result.is_accepted for result in outcome.results)
        connection.abort()
