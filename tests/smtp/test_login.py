"""Does each mechanism say the right things, and does nobody ever see the secret?"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest

from postroom.rfc.session import ConnectFailure, Phase
from postroom.smtp.client import connect
from postroom.smtp.endpoint import AccessToken, Credentials, Password, Security
from tests.smtp.peer import Peer, Script, connected, scripted

SECRET = "geheim-ß-42"
PASSWORD = Password("mary", SECRET)
TOKEN = AccessToken("mary@company.example", "ya29.token-with-much-in-it")


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def unbase64(line: str) -> str:
    return b64decode(line).decode()


async def log_in(script: Script, credentials: Credentials) -> tuple[str, ...]:
    """The dialog of a login that succeeds."""
    async with scripted(script) as endpoint:
        connection = await connected(replace(endpoint, credentials=credentials))
        connection.abort()
    return connection.dialog


async def fail_to_log_in(script: Script, credentials: Credentials) -> ConnectFailure:
    async with scripted(script) as endpoint:
        opened = await connect(replace(endpoint, credentials=credentials))
    assert isinstance(opened, ConnectFailure)
    assert opened.phase is Phase.LOGIN
    return opened


def assert_hidden(credentials: Credentials, shown: object) -> None:
    secret = credentials.token if isinstance(credentials, AccessToken) else credentials.password
    for form in (secret, base64(secret), base64(f"\0mary\0{secret}")):
        assert form not in str(shown)


async def test_plain() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH LOGIN PLAIN CRAM-MD5")
        line = await peer.hear("AUTH PLAIN ")
        assert unbase64(line.split()[2]) == f"\0mary\0{SECRET}"
        await peer.say("235 2.7.0 Welcome")

    dialog = await log_in(script, PASSWORD)
    assert "C: AUTH PLAIN (hidden)" in dialog
    assert_hidden(PASSWORD, dialog)


async def test_login() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH=LOGIN")
        await peer.hear("AUTH LOGIN")
        await peer.say("334 VXNlcm5hbWU6")
        assert unbase64(await peer.hear()) == "mary"
        await peer.say("334 UGFzc3dvcmQ6")
        assert unbase64(await peer.hear()) == SECRET
        await peer.say("235 Welcome")

    assert_hidden(PASSWORD, await log_in(script, PASSWORD))


async def test_cram_md5() -> None:
    async def script(peer: Peer) -> None:
        challenge = "<1896.697170952@postoffice.example>"
        await peer.greet("AUTH CRAM-MD5 DIGEST-MD5")
        await peer.hear("AUTH CRAM-MD5")
        await peer.say("334 " + base64(challenge))
        digest = hmac.new(SECRET.encode(), challenge.encode(), hashlib.md5).hexdigest()
        assert unbase64(await peer.hear()) == f"mary {digest}"
        await peer.say("235 Welcome")

    assert_hidden(PASSWORD, await log_in(script, PASSWORD))


async def test_cram_md5_agrees_with_the_example_of_rfc_2195() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH CRAM-MD5")
        await peer.hear("AUTH CRAM-MD5")
        await peer.say("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+")
        assert await peer.hear() == "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"
        await peer.say("235 Welcome")

    await log_in(script, Password("tim", "tanstaaftanstaaf"))


async def test_xoauth2() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH LOGIN PLAIN XOAUTH2")
        line = await peer.hear("AUTH XOAUTH2 ")
        assert unbase64(line.split()[2]) == f"user={TOKEN.username}\x01auth=Bearer {TOKEN.token}\x01\x01"
        await peer.say("235 2.7.0 Accepted")

    assert_hidden(TOKEN, await log_in(script, TOKEN))


async def test_a_refused_token_is_explained_by_the_servers_challenge() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH XOAUTH2")
        await peer.hear("AUTH XOAUTH2 ")
        await peer.say("334 " + base64('{"status":"401","schemes":"bearer"}'))
        assert await peer.hear() == ""
        await peer.say("535 5.7.8 Username and Password not accepted")

    failure = await fail_to_log_in(script, TOKEN)
    assert '"status":"401"' in failure.why
    assert str(failure.reply) == "535 5.7.8 Username and Password not accepted"
    assert_hidden(TOKEN, failure)


async def test_a_wrong_password_is_said_once() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN LOGIN")
        await peer.hear("AUTH PLAIN ")
        await peer.say("535 5.7.8 Wrong password")
        await peer.hear_end()

    assert (await fail_to_log_in(script, PASSWORD)).why == "Wrong password"


async def test_a_mechanism_that_is_not_for_us_gives_way_to_the_next() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN LOGIN")
        await peer.hear("AUTH PLAIN ")
        await peer.say("504 5.5.4 Not for you")
        await peer.hear("AUTH LOGIN")
        await peer.say("334 ")
        await peer.hear()
        await peer.say("334 ")
        await peer.hear()
        await peer.say("235 Welcome")

    await log_in(script, PASSWORD)


async def test_a_server_that_echoes_the_secret_does_not_get_it_into_the_dialog() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN")
        line = await peer.hear("AUTH PLAIN ")
        await peer.say(f"500-5.5.1 Unrecognised: {line}", f"500 5.5.1 you said {SECRET} and {base64(SECRET)}")

    failure = await fail_to_log_in(script, PASSWORD)
    assert_hidden(PASSWORD, failure)
    assert "(hidden)" in failure.why


async def test_a_server_that_keeps_asking_is_cancelled() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN")
        await peer.hear("AUTH PLAIN ")
        await peer.say("334 bW9yZQ==")
        await peer.hear("*")
        await peer.say("501 5.7.0 Cancelled")

    await fail_to_log_in(script, PASSWORD)


@pytest.mark.parametrize("offer", [(), ("AUTH GSSAPI NTLM",)])
async def test_no_common_mechanism_is_a_login_failure_without_a_word(offer: tuple[str, ...]) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet(*offer)
        await peer.hear_end()

    await fail_to_log_in(script, PASSWORD)


async def test_an_end_in_the_login_is_reported() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("AUTH LOGIN")
        await peer.hear("AUTH LOGIN")
        await peer.say("334 VXNlcm5hbWU6")
        await peer.hear()

    failure = await fail_to_log_in(script, PASSWORD)
    assert failure.why == "the server closed the connection"


async def test_without_encryption_a_password_is_sent_only_where_that_was_chosen() -> None:
    async def cram_only(peer: Peer) -> None:
        await peer.greet("AUTH PLAIN LOGIN CRAM-MD5")
        await peer.hear("AUTH CRAM-MD5")
        await peer.say("334 " + base64("<1@x>"))
        await peer.hear()
        await peer.say("235 Welcome")

    async with scripted(cram_only) as endpoint:
        opportunistic = replace(endpoint, security=Security.OPPORTUNISTIC, credentials=PASSWORD)
        (await connected(opportunistic)).abort()


def test_secrets_do_not_show_in_reprs() -> None:
    assert SECRET not in repr(PASSWORD)
    assert TOKEN.token not in repr(TOKEN)
