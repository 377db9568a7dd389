"""Which connections come about, and what is said of those that do not?"""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from postroom.rfc.session import ConnectFailure, Phase
from postroom.smtp.client import connect
from postroom.smtp.endpoint import ClientCertificate, Endpoint, Password, Security
from tests.smtp.certificates import SelfSigned, self_signed
from tests.smtp.peer import CONTENT, PATIENT, Peer, connected, envelope, impatient, scripted

TRUSTED = self_signed()


async def refused(endpoint: Endpoint) -> ConnectFailure:
    opened = await connect(endpoint)
    assert isinstance(opened, ConnectFailure), opened
    return opened


async def offer_starttls(peer: Peer) -> None:
    await peer.greet("STARTTLS")
    await peer.hear("STARTTLS")
    await peer.say("220 Go")


def starttls_script(context: ssl.SSLContext):  # type: ignore[no-untyped-def]
    """Encrypts, then offers PIPELINING, which it did not in clear text."""

    async def script(peer: Peer) -> None:
        await offer_starttls(peer)
        await peer.writer.start_tls(context)
        await peer.hear("EHLO")
        await peer.offer("PIPELINING")
        await peer.take_quit()

    return script


async def fail_handshake(peer: Peer, context: ssl.SSLContext) -> None:
    """The client goes away as soon as it has seen the certificate, before or after our side is done."""
    try:
        await peer.writer.start_tls(context)
    except OSError:
        return
    with pytest.raises((OSError, AssertionError)):
        await peer.hear("EHLO")


async def test_a_name_that_does_not_exist_is_a_resolve_failure() -> None:
    failure = await refused(Endpoint("no-such-host.invalid", 25, Security.NONE))
    assert failure.phase is Phase.RESOLVE
    assert "no-such-host.invalid" in failure.why


@pytest.mark.parametrize("host", ["münchen .example", "x" * 64 + ".example", "a..b"])
async def test_a_name_that_cannot_exist_is_a_resolve_failure(host: str) -> None:
    assert (await refused(Endpoint(host, 25, Security.NONE))).phase is Phase.RESOLVE


def test_an_international_name_is_looked_up_by_its_a_labels() -> None:
    assert Endpoint("mail.münchen.example", 25).ascii_host == "mail.xn--mnchen-3ya.example"
    assert Endpoint("[2001:db8::1]", 25).ascii_host == "2001:db8::1"


async def test_a_closed_port_is_a_connect_failure(closed_port: int) -> None:
    failure = await refused(Endpoint("127.0.0.1", closed_port, Security.NONE))
    assert failure.phase is Phase.CONNECT
    assert f"port {closed_port}" in failure.why
    assert "refused" in failure.why


async def test_speaks_ipv6_and_introduces_itself_by_address() -> None:
    async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        await peer.say("220 hello")
        heard.append(await peer.hear("EHLO"))
        await peer.offer()
        await peer.take_quit()
        writer.close()

    heard: list[str] = []
    try:
        server = await asyncio.start_server(follow, "::1", 0)
    except OSError:
        pytest.skip("no IPv6 on this machine's loopback")
    async with server:
        endpoint = Endpoint("::1", server.sockets[0].getsockname()[1], Security.NONE, timeouts=PATIENT)
        await (await connected(endpoint)).close()
    assert heard == ["EHLO [IPv6:::1]"]


async def test_tries_the_next_address_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        await peer.take_quit()

    async with scripted(script) as endpoint:

        async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [(0, 0, 0, "", ("127.0.0.99", 0)), (0, 0, 0, "", ("127.0.0.1", 0))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        await (await connected(replace(endpoint, host="two.example"))).close()


@pytest.mark.parametrize(
    ("greeting", "code"), [("554 No SMTP service here", 554), ("421 4.3.2 Too busy", 421), ("354 What?", 354)]
)
async def test_an_unfriendly_greeting_is_reported_in_the_servers_words(greeting: str, code: int) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(greeting)

    async with scripted(script) as endpoint:
        failure = await refused(endpoint)
    assert failure.phase is Phase.GREETING
    assert failure.reply is not None
    assert failure.reply.code == code
    assert failure.dialog == (f"S: {greeting}",)


async def test_a_silent_server_is_given_up_in_the_greeting() -> None:
    async def script(peer: Peer) -> None:
        await peer.hear_end()

    async with scripted(script, timeouts=impatient("greeting")) as endpoint:
        failure = await refused(endpoint)
    assert (failure.phase, failure.why) == (Phase.GREETING, "the server did not answer in time")


async def test_another_protocol_is_recognised() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(b"SSH-2.0-OpenSSH_9.2\r\n")

    async with scripted(script) as endpoint:
        failure = await refused(endpoint)
    assert failure.phase is Phase.GREETING
    assert "SSH-2.0" in failure.why


async def test_a_server_without_ehlo_is_greeted_with_helo() -> None:
    async def script(peer: Peer) -> None:
        await peer.say("220 old.example")
        await peer.hear("EHLO")
        await peer.say("500 5.5.1 What?")
        await peer.hear("HELO client.example")
        await peer.say("250 Hello")
        for reply in ("250 Ok", "250 Ok", "354 Go"):
            await peer.hear()
            await peer.say(reply)
        await peer.hear_data()
        await peer.say("250 Ok")

    async with scripted(script) as endpoint:
        connection = await connected(endpoint)
        assert (await connection.send(envelope(), [CONTENT])).results[0].is_accepted
        connection.abort()


@pytest.mark.parametrize("ending", ["421 4.3.2 No", None])
async def test_an_end_at_ehlo_is_reported(ending: str | None) -> None:
    async def script(peer: Peer) -> None:
        await peer.say("220 peer.example")
        await peer.hear("EHLO")
        if ending:
            await peer.say(ending)

    async with scripted(script) as endpoint:
        assert (await refused(endpoint)).phase is Phase.EHLO


async def test_starttls_with_a_trusted_certificate_and_a_new_offer(tmp_path: Path) -> None:
    async with scripted(starttls_script(TRUSTED.server_context(tmp_path))) as endpoint:
        ca_data = TRUSTED.certificate.decode()
        connection = await connected(replace(endpoint, security=Security.STARTTLS, ca_data=ca_data))
        assert connection.offers.pipelining
        assert not connection.offers.starttls
        assert any("TLSv1.3" in line and "certificate verified" in line for line in connection.dialog)
        await connection.close()


async def test_tls_from_the_start_with_a_ca_file(tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        await peer.take_quit()

    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(TRUSTED.certificate)
    async with scripted(script, tls=TRUSTED.server_context(tmp_path)) as endpoint:
        connection = await connected(replace(endpoint, security=Security.TLS, ca_file=str(ca_file)))
        await connection.close()


@pytest.mark.parametrize(
    ("presented", "trusts_it", "why"),
    [
        (TRUSTED, False, "self-signed"),
        (self_signed("10.9.8.7"), True, "mismatch"),
        (self_signed("other.example"), True, "mismatch"),
        (self_signed(valid_days=-1), True, "expired"),
    ],
    ids=["self-signed", "wrong address", "wrong name", "expired"],
)
async def test_a_bad_certificate_ends_the_connection(
    presented: SelfSigned, trusts_it: bool, why: str, tmp_path: Path
) -> None:
    async def script(peer: Peer) -> None:
        await offer_starttls(peer)
        await fail_handshake(peer, presented.server_context(tmp_path))

    ca_data = presented.certificate.decode() if trusts_it else None
    async with scripted(script) as endpoint:
        failure = await refused(replace(endpoint, security=Security.STARTTLS, ca_data=ca_data))
    assert failure.phase is Phase.TLS
    assert why in failure.why.lower()


async def test_verification_can_be_switched_off(tmp_path: Path) -> None:
    context = self_signed(valid_days=-1).server_context(tmp_path)
    async with scripted(starttls_script(context)) as endpoint:
        connection = await connected(replace(endpoint, security=Security.STARTTLS, verify=False))
        assert any("certificate not verified" in line for line in connection.dialog)
        await connection.close()


async def test_required_starttls_that_is_not_offered_fails() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("PIPELINING")
        await peer.hear_end()

    async with scripted(script) as endpoint:
        failure = await refused(replace(endpoint, security=Security.STARTTLS))
    assert (failure.phase, failure.why) == (Phase.TLS, "the server does not offer STARTTLS")


async def test_a_refused_starttls_is_reported_in_the_servers_words() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say("454 4.7.0 TLS not available")

    async with scripted(script) as endpoint:
        failure = await refused(replace(endpoint, security=Security.STARTTLS))
    assert (failure.phase, str(failure.reply)) == (Phase.TLS, "454 4.7.0 TLS not available")


@pytest.mark.parametrize("injected", ["250 injected\r\n", "250-inj"])
async def test_clear_text_after_the_starttls_reply_is_never_taken_for_encrypted(injected: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.hear("STARTTLS")
        await peer.say(b"220 Go\r\n" + injected.encode())
        await peer.hear_end()

    async with scripted(script) as endpoint:
        failure = await refused(replace(endpoint, security=Security.STARTTLS))
    assert (failure.phase, failure.why) == (Phase.TLS, "the server sent clear text where TLS should begin")


@pytest.mark.parametrize("delay", [0, 0.05])
async def test_tls_to_a_clear_text_port_fails_with_a_reason(delay: float) -> None:
    async def script(peer: Peer) -> None:
        await asyncio.sleep(delay)
        await peer.say("220 peer.example")
        await peer.reader.read()

    async with scripted(script) as endpoint:
        failure = await refused(replace(endpoint, security=Security.TLS))
    assert failure.phase is Phase.TLS


async def test_a_handshake_that_never_ends_is_given_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read()

    async with scripted(script, timeouts=impatient("tls")) as endpoint:
        failure = await refused(replace(endpoint, security=Security.TLS))
    assert (failure.phase, failure.why) == (Phase.TLS, "no answer in time")


async def test_opportunistic_encrypts_without_asking_who_it_is(tmp_path: Path) -> None:
    async with scripted(starttls_script(self_signed("other.example").server_context(tmp_path))) as endpoint:
        connection = await connected(replace(endpoint, security=Security.OPPORTUNISTIC))
        assert any("TLSv1.3" in line for line in connection.dialog)
        await connection.close()


async def test_opportunistic_falls_back_to_clear_text_but_not_with_a_password() -> None:
    async def break_off(peer: Peer) -> None:
        await offer_starttls(peer)

    async def in_clear_text(peer: Peer) -> None:
        await peer.greet("STARTTLS", "AUTH PLAIN LOGIN")
        await peer.hear_end()

    async def without_password(peer: Peer) -> None:
        await peer.greet("STARTTLS")
        await peer.take_quit()

    async with scripted(break_off, without_password) as endpoint:
        connection = await connected(replace(endpoint, security=Security.OPPORTUNISTIC))
        await connection.close()
    async with scripted(break_off, in_clear_text) as endpoint:
        login = Password("me", "secret")
        failure = await refused(replace(endpoint, security=Security.OPPORTUNISTIC, credentials=login))
    assert failure.phase is Phase.LOGIN
    assert "not encrypted" in failure.why


async def test_shows_a_client_certificate(tmp_path: Path) -> None:
    mine = self_signed("client.example")
    context = TRUSTED.server_context(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=mine.certificate.decode())
    shown: list[object] = []

    async def script(peer: Peer) -> None:
        await peer.greet()
        shown.append(peer.writer.get_extra_info("peercert")["subject"])
        await peer.take_quit()

    async with scripted(script, tls=context) as endpoint:
        mutual = replace(
            endpoint,
            security=Security.TLS,
            ca_data=TRUSTED.certificate.decode(),
            client_certificate=ClientCertificate(mine.certificate, mine.key),
        )
        await (await connected(mutual)).close()
    assert shown == [((("commonName", "client.example"),),)]


async def test_an_unusable_certificate_file_is_a_tls_failure(tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        await peer.hear_end()

    async with scripted(script, script) as endpoint:
        missing = await refused(replace(endpoint, security=Security.TLS, ca_file=str(tmp_path / "none.pem")))
        broken = ClientCertificate(b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", b"")
        unusable = await refused(replace(endpoint, security=Security.TLS, client_certificate=broken))
    assert missing.phase is unusable.phase is Phase.TLS
    assert "No such file" in missing.why


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "::ffff:127.0.0.1", "0x7f.1", "0.0.0.0", "2130706433"]
)
async def test_a_host_that_strangers_name_is_judged_by_where_it_leads(host: str) -> None:
    """Whatever its spelling: what is judged is the address that would be connected to."""
    connections = 0

    async def count(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    async with await asyncio.start_server(count, ["127.0.0.1", "::1"], 0) as server:
        port = server.sockets[0].getsockname()[1]
        failure = await refused(Endpoint(host, port, Security.NONE, is_public_only=True))
        await asyncio.sleep(0.05)
    assert failure.phase is Phase.CONNECT
    assert "is no public address" in failure.why
    assert connections == 0
