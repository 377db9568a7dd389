"""Do our servers keep their word to clients that pipeline, hurry, babble, go silent, leave or attack?"""

import asyncio
import smtplib
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator

import pytest
import uvloop

from postroom.smtp import server_session
from postroom.smtp.reception import Conversation, Peer, ReceivedMail
from postroom.smtp.server import Limits, ListenError
from tests.installation import wait_until
from tests.peers.waiting import PATIENCE_SECONDS
from tests.smtp.listening import Background, NewLoop, RawClient, listening, make_listener

ENVELOPE = b"EHLO client.example\r\nMAIL FROM:<mary@company-name.com>\r\nRCPT TO:<joe@customer.example.com>\r\n"
MAIL = b"Subject: Hello\r\n\r\nHello.\r\n"


class Taker(Conversation):
    """Takes mail for everybody but gone@, and one password."""

    mails: list[ReceivedMail]

    def offers_auth(self) -> bool:
        return self.peer.tls is not None

    async def authenticate(self, user: str, password: str) -> str:
        good = (user, password) == ("mary", "sesame")
        return "235 2.7.0 Welcome" if good else "535 5.7.8 Wrong"

    async def recipient(self, address: str) -> str:
        return "550 5.1.1 Gone" if address.startswith("gone@") else "250 2.1.5 OK"

    async def deliver(self, mail: ReceivedMail) -> str | None:
        self.mails.append(mail)
        return None if b"drop me" in mail.content else "250 2.0.0 Kept"


class Guarded(Taker):
    needs_auth = True


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> list[ReceivedMail]:
    kept: list[ReceivedMail] = []
    monkeypatch.setattr(Taker, "mails", kept, raising=False)
    return kept


@pytest.fixture
def port(mails: list[ReceivedMail]) -> Iterator[int]:
    with listening(Taker) as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator[RawClient]:
    with RawClient(port) as client:
        yield client


def test_says_what_it_offers_and_not_what_it_is_made_of(port: int) -> None:
    with RawClient(port, greeting=False) as client:
        assert client.reply() == f"220 {socket.gethostname()} ESMTP Postroom"
        offered = set(client.say("EHLO client.example").split("250")[1:])
    words = {offer.strip(" -") for offer in offered}
    assert words >= {"PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "STARTTLS"}


def test_obeys_a_whole_session_sent_in_one_segment(port: int, mails: list[ReceivedMail]) -> None:
    with RawClient(port) as client:
        client.send(ENVELOPE + b"DATA\r\n" + MAIL + b".\r\nMAIL FROM:<>\r\nQUIT\r\n")
        replies = client.rest()
    assert [reply[:3] for reply in replies] == ["250", "250", "250", "354", "250", "250", "221"]
    assert [(mail.mail_from, mail.recipients, mail.content) for mail in mails] == [
        ("mary@company-name.com", ("joe@customer.example.com",), MAIL)
    ]


def test_obeys_a_client_that_closes_its_sending_side(port: int, mails: list[ReceivedMail]) -> None:
    with RawClient(port) as client:
        client.send(ENVELOPE + b"DATA\r\n" + MAIL + b".\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        replies = client.rest()
    assert replies[-2].startswith("250 2.0.0 Kept")
    assert replies[-1].startswith("421 4.4.2")
    assert len(mails) == 1


def test_obeys_nothing_after_quit(port: int, mails: list[ReceivedMail]) -> None:
    with RawClient(port) as client:
        client.send(b"QUIT\r\n" + ENVELOPE + b"DATA\r\n" + MAIL + b".\r\n")
        assert [reply[:3] for reply in client.rest()] == ["221"]
    assert mails == []


def test_serves_an_early_talker_after_greeting_it(port: int, mails: list[ReceivedMail]) -> None:
    with RawClient(port, greeting=False) as client:
        client.send(ENVELOPE + b"DATA\r\n")
        assert [client.reply()[:3] for _ in range(5)] == ["220", "250", "250", "250", "354"]
        client.send(MAIL + b".\r\n")
        assert client.reply().startswith("250")


def test_puts_an_enhanced_status_in_every_reply_after_the_greeting(client: RawClient) -> None:
    """RFC 2034 §4: all 2yz, 4yz and 5yz replies but those to EHLO and HELO."""
    client.say("EHLO client.example")
    conversation = [
        *(
            "NOOP",
            "HELP",
            "VRFY joe",
            "EXPN list",
            "BDAT 5",
            "RCPT TO:<a@b.example>",
            "DATA",
            "MAIL",
            "MAIL FROM:<a@b@c>",
        ),
        *("MAIL FROM:<a@b.example> BODY=X", "MAIL FROM:<a@b.example> ODD=1", "MAIL FROM:<a@b.example> SIZE=9999999"),
        *("MAIL FROM:<a@b.example>", "RCPT TO:<gone@b.example>", "DATA", "MAIL FROM:<a@b.example>", "RSET x", "RSET"),
        *("AUTH PLAIN", "STARTTLS x", "", "x" * 3000, "QUIT"),
    ]
    for line in conversation:
        reply = client.say(line)
        assert reply[4:6] == f"{reply[0]}.", f"{line[:40]} → {reply}"


def test_answers_data_without_a_valid_recipient_with_554(client: RawClient) -> None:
    assert client.say("EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<gone@b.example>", "DATA").startswith("554 5.5.1")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".x\r\n..\r\n...\r\n.\r\n", b"x\r\n.\r\n..\r\n"),
        (b"a.\r\nb..\r\n.\r\n", b"a.\r\nb..\r\n"),
        (b"x" * 200_000 + b"\r\n.\r\n", b"x" * 200_000 + b"\r\n"),
        (b"\0\xff\r\n.\r\n", b"\0\xff\r\n"),
    ],
)
def test_reads_the_message_to_its_end_and_no_further(
    client: RawClient, mails: list[ReceivedMail], sent: bytes, kept: bytes
) -> None:
    client.send(ENVELOPE + b"DATA\r\n" + sent + b"NOOP\r\n")
    replies = [client.reply() for _ in range(6)]
    assert [reply[:3] for reply in replies] == ["250", "250", "250", "354", "250", "250"]
    assert [mail.content for mail in mails] == [kept]


@pytest.mark.parametrize("false_end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\r\n.\r\r\n"])
def test_takes_no_false_end_of_a_message_for_the_true_one(
    client: RawClient, mails: list[ReceivedMail], false_end: bytes
) -> None:
    """SMTP smuggling: what follows must stay part of the first message."""
    smuggled = b"MAIL FROM:<ceo@company-name.com>\r\nRCPT TO:<joe@customer.example.com>\r\nDATA\r\n\r\nPay.\r\n"
    client.send(ENVELOPE + b"DATA\r\n" + MAIL + false_end + smuggled + b".\r\n")
    assert [client.reply()[:3] for _ in range(5)] == ["250", "250", "250", "354", "250"]
    assert [b"Pay." in mail.content for mail in mails] == [True]


def test_keeps_a_message_that_arrives_octet_by_octet(client: RawClient, mails: list[ReceivedMail]) -> None:
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for octet in ENVELOPE + b"DATA\r\n" + MAIL + b".\r\n":
        client.send(bytes([octet]))
    assert [client.reply()[:3] for _ in range(5)] == ["250", "250", "250", "354", "250"]
    assert [mail.content for mail in mails] == [MAIL]


def test_reads_a_message_too_large_to_its_end_and_refuses_it(client: RawClient, mails: list[ReceivedMail]) -> None:
    client.send(ENVELOPE + b"DATA\r\n" + b"0123456789\r\n" * 200_000 + b".\r\nNOOP\r\n")
    replies = [client.reply() for _ in range(6)]
    assert replies[4] == "552 5.3.4 The message is larger than 1000000 bytes"
    assert replies[5].startswith("250")
    assert mails == []


def test_refuses_at_mail_what_its_size_says_is_too_large(client: RawClient) -> None:
    assert client.say("EHLO c", "MAIL FROM:<a@b.example> SIZE=1000001").startswith("552 5.3.4")


def test_answers_endless_lines_and_goes_on(client: RawClient) -> None:
    client.say("EHLO c")
    client.send(b"NOOP " + b"x" * 300_000 + b"\r\nNOOP\r\n")
    assert client.reply().startswith("500 5.5.2")
    assert client.reply().startswith("250")


@pytest.mark.parametrize(
    "octets", [b"\0\0\0\0", b"N\0OP", b"NOOP\0", b"\xff\xfe", b"MAIL FROM:<\0@b.example>", b"GET / HTTP/1.1"]
)
def test_answers_what_is_no_command_with_a_clean_5yz_line(client: RawClient, octets: bytes) -> None:
    client.say("EHLO c")
    client.send(octets + b"\r\n")
    reply = client.reply()
    assert reply.isprintable()
    assert reply.startswith("5")


def test_hangs_up_on_a_browser(client: RawClient) -> None:
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nAccept: y\r\nReferer: z\r\nCookie: a\r\nX: y\r\n\r\n" + ENVELOPE)
    assert client.rest()[-1].startswith("502 5.5.1")


def test_refuses_recipients_beyond_the_limit_for_now(mails: list[ReceivedMail]) -> None:
    with listening(Taker, limits=Limits(message_bytes=1000, recipients=2)) as port, RawClient(port) as client:
        client.say("EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "RCPT TO:<e@f.example>")
        assert client.say("RCPT TO:<g@h.example>").startswith("452 4.5.3")


def test_ignores_parameters_of_extensions_it_does_not_offer(client: RawClient) -> None:
    client.say("EHLO c")
    assert client.say("MAIL FROM:<a@b.example> RET=HDRS ENVID=x AUTH=<>").startswith("250")
    assert client.say("RCPT TO:<c@d.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@d.example").startswith("250")


def test_answers_in_ascii_unless_the_client_said_smtputf8(mails: list[ReceivedMail]) -> None:
    class Polyglot(Taker):
        async def recipient(self, address: str) -> str:
            return f"550 5.7.1 There is no “{address}” ✓"

    with listening(Polyglot) as port, RawClient(port) as client:
        client.say("EHLO c", "MAIL FROM:<a@b.example>")
        assert client.say("RCPT TO:<jürgen@d.example>") == '550 5.7.1 There is no "j?rgen@d.example" ?'
        client.say("RSET", "MAIL FROM:<a@b.example> SMTPUTF8")
        assert client.say("RCPT TO:<jürgen@d.example>") == "550 5.7.1 There is no “jürgen@d.example” ✓"


def test_splits_a_long_reply_and_lets_no_line_break_through(mails: list[ReceivedMail]) -> None:
    class Talker(Taker):
        async def recipient(self, address: str) -> str:
            return "550 5.7.1 " + "too many words " * 60 + "\r\n250 2.1.5 OK"

    with listening(Talker) as port, RawClient(port) as client:
        client.say("EHLO c", "MAIL FROM:<a@b.example>")
        client.send(b"RCPT TO:<c@d.example>\r\nNOOP\r\n")
        lines = client.reply().split("550")[1:]
        assert len(lines) > 5
        assert all(len(line) < 500 and line[1:7] == "5.7.1 " for line in lines)
        assert client.reply() == "250 2.0.0 OK"


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_sets_up_tls_and_forgets_what_was_said_before(mails: list[ReceivedMail], new_loop: NewLoop) -> None:
    with listening(Taker, new_loop=new_loop) as port, RawClient(port) as client:
        client.say("EHLO c", "MAIL FROM:<a@b.example>")
        assert client.start_tls().startswith("220")
        assert client.say("RCPT TO:<c@d.example>").startswith("503")
        offered = client.say("EHLO c")
        assert "AUTH LOGIN PLAIN" in offered
        assert "STARTTLS" not in offered
        client.send(ENVELOPE + b"DATA\r\n" + MAIL * 10_000 + b".\r\n")
        assert [client.reply()[:3] for _ in range(5)] == ["250", "250", "250", "354", "250"]
        assert client.say("STARTTLS").startswith("503")
        assert client.say("QUIT").startswith("221")
    assert mails[0].peer == Peer("127.0.0.1", "TLSv1.3")
    assert mails[0].content == MAIL * 10_000


def test_obeys_nothing_injected_before_tls(port: int, mails: list[ReceivedMail]) -> None:
    """CVE-2011-0411: commands in clear behind STARTTLS must not be taken for commands inside TLS."""
    with RawClient(port) as client:
        client.say("EHLO c")
        client.send(b"STARTTLS\r\nRSET\r\nMAIL FROM:<evil@example.org>\r\n")
        assert client.reply().startswith("220")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client.socket = context.wrap_socket(client.socket)
        assert client.say("EHLO c").startswith("250-")
        assert client.say("RCPT TO:<c@d.example>").startswith("503")


def test_survives_a_client_that_breaks_off_the_tls_handshake(port: int) -> None:
    with RawClient(port) as client:
        client.say("EHLO c", "STARTTLS")
        client.send(b"EHLO this is no ClientHello\r\n")
        client.rest()
    with RawClient(port) as client:
        assert client.say("EHLO c").startswith("250")


def plain(user: str, password: str) -> str:
    return b64encode(f"\0{user}\0{password}".encode()).decode()


@pytest.fixture
def tls_client(client: RawClient) -> RawClient:
    client.say("EHLO c")
    client.start_tls()
    client.say("EHLO c")
    return client


@pytest.mark.parametrize(
    "lines",
    [
        [f"AUTH PLAIN {plain('mary', 'sesame')}"],
        ["auth plain", plain("mary", "sesame")],
        ["AUTH LOGIN", b64encode(b"mary").decode(), b64encode(b"sesame").decode()],
        [f"AUTH LOGIN {b64encode(b'mary').decode()}", b64encode(b"sesame").decode()],
    ],
)
def test_takes_credentials_in_every_form_of_plain_and_login(tls_client: RawClient, lines: list[str]) -> None:
    *prompts, last = [tls_client.say(line) for line in lines]
    assert all(prompt.startswith("334 ") for prompt in prompts)
    assert last == "235 2.7.0 Welcome"
    assert tls_client.say("AUTH PLAIN").startswith("503")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["AUTH"], "501 5.5.4"),
        (["AUTH CRAM-MD5"], "504 5.5.4"),
        (["AUTH PLAIN ***"], "501 5.5.2"),
        (["AUTH PLAIN ="], "501 5.5.2"),
        (["AUTH PLAIN " + b64encode(b"\0\xff\0\xfe").decode()], "501 5.5.2"),
        (["AUTH PLAIN", "*"], "501 5.7.0"),
        (["AUTH LOGIN", "*"], "501 5.7.0"),
        (["AUTH PLAIN", "x" * 70_000], "500 5.5.6"),
        ([f"AUTH PLAIN {plain('mary', 'wrong')}"], "535 5.7.8"),
    ],
)
def test_refuses_malformed_or_wrong_credentials(tls_client: RawClient, lines: list[str], code: str) -> None:
    assert [tls_client.say(line) for line in lines][-1].startswith(code)


def test_wants_tls_then_auth_before_mail(mails: list[ReceivedMail]) -> None:
    with listening(Guarded) as port, RawClient(port) as client:
        client.say("EHLO c")
        assert client.say("MAIL FROM:<a@b.example>").startswith("530 5.7.0 Give STARTTLS first")
        assert client.say("AUTH PLAIN").startswith("538 5.7.11")
        client.start_tls()
        client.say("EHLO c")
        assert client.say("MAIL FROM:<a@b.example>").startswith("530 5.7.0 Authenticate first")
        client.say(f"AUTH PLAIN {plain('mary', 'sesame')}")
        assert client.say("MAIL FROM:<a@b.example>").startswith("250")


def test_an_unexpected_error_is_451_and_leaves_no_half_mail(mails: list[ReceivedMail]) -> None:
    class Broken(Taker):
        async def deliver(self, mail: ReceivedMail) -> str | None:
            raise RuntimeError("the secret inside")

    with listening(Broken) as port, RawClient(port) as client:
        client.send(ENVELOPE + b"DATA\r\n" + MAIL + b".\r\n")
        replies = [client.reply() for _ in range(5)]
        assert replies[-1].startswith("451 4.3.0")
        assert "secret" not in replies[-1]
        assert client.say("MAIL FROM:<a@b.example>").startswith("250")


def test_hangs_up_without_an_answer_when_told_so(client: RawClient, mails: list[ReceivedMail]) -> None:
    client.send(ENVELOPE + b"DATA\r\ndrop me\r\n.\r\nNOOP\r\n")
    assert [reply[:3] for reply in client.rest()] == ["250", "250", "250", "354"]


def test_turns_away_connections_beyond_the_limit(mails: list[ReceivedMail]) -> None:
    with listening(Taker, limits=Limits(message_bytes=1000, connections=1)) as port:
        with RawClient(port), RawClient(port, greeting=False) as second:
            assert [reply[:9] for reply in second.rest()] == ["421 4.3.2"]
        wait_until(lambda: greets(port))


def test_hangs_up_on_the_silent_but_not_on_a_slow_message(mails: list[ReceivedMail]) -> None:
    with listening(Taker, limits=Limits(message_bytes=1000, idle_seconds=1.5)) as port, RawClient(port) as client:
        client.send(ENVELOPE + b"DATA\r\n")
        for _ in range(3):
            time.sleep(0.6)  # each line within the limit, the message beyond it
            client.send(b"line.\r\n")
        client.send(b".\r\n")
        replies = client.rest()
    assert [reply[:9] for reply in replies[-2:]] == ["250 2.0.0", "421 4.4.2"]


def test_lets_go_of_a_client_that_reads_nothing(mails: list[ReceivedMail], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_session, "LINGER_SECONDS", 0.2)
    limits = Limits(message_bytes=1000, connections=1, idle_seconds=0.3)
    with listening(Taker, limits=limits) as port, RawClient(port) as deaf:
        with pytest.raises(ConnectionError):  # the replies fill every buffer, so commands are no longer read
            deaf.send(b"HELP\r\n" * 5_000_000)
        wait_until(lambda: greets(port))


def test_stopping_ends_idle_sessions_and_waits_for_messages(mails: list[ReceivedMail]) -> None:
    background = Background()
    listener = make_listener(Taker)
    background.run(listener.start())
    port = listener.port
    with RawClient(port) as idle, RawClient(port) as busy:
        busy.send(ENVELOPE + b"DATA\r\nSubject: x\r\n")
        assert [busy.reply()[:3] for _ in range(4)][-1] == "354"
        stopping = threading.Thread(target=lambda: background.run(listener.stop()))
        stopping.start()
        assert [reply[:9] for reply in idle.rest()] == ["421 4.3.2"]
        with pytest.raises(ConnectionRefusedError):
            RawClient(port)
        busy.send(b"\r\nHello.\r\n.\r\n")
        assert [reply[:9] for reply in busy.rest()] == ["250 2.0.0", "421 4.3.2"]
    stopping.join(timeout=PATIENCE_SECONDS)
    assert not stopping.is_alive()
    background.close()


def test_stopping_cuts_a_message_that_never_ends(mails: list[ReceivedMail]) -> None:
    background = Background()
    listener = make_listener(Taker)
    background.run(listener.start())
    with RawClient(listener.port) as client:
        client.send(ENVELOPE + b"DATA\r\nSubject: x\r\n")
        assert [client.reply()[:3] for _ in range(4)][-1] == "354"
        background.run(listener.stop(patience_seconds=0.2))
    background.close()
    assert mails == []


@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_a_port_that_cannot_be_had_is_named(new_loop: NewLoop, port: int) -> None:
    background = Background(new_loop)
    with pytest.raises(ListenError, match=rf"Port {port} on 127\.0\.0\.1"):
        background.run(make_listener(Taker, port=port).start())
    with pytest.raises(ListenError, match=r"on 192\.0\.2\.1"):
        background.run(make_listener(Taker, host="192.0.2.1").start())
    background.close()


def test_serves_an_ordinary_client(port: int, mails: list[ReceivedMail]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as session:
        session.starttls()
        session.login("mary", "sesame")
        refused = session.sendmail("mary@company-name.com", ["joe@customer.example.com", "gone@x.example"], MAIL)
    assert set(refused) == {"gone@x.example"}
    assert [mail.recipients for mail in mails] == [("joe@customer.example.com",)]


@pytest.mark.parametrize(
    ("address", "is_loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("192.0.2.7", False),
     ("::ffff:192.0.2.7", False), ("fe80::1%eth0", False), ("", False)],
)  # fmt: skip
def test_knows_who_is_on_this_machine(address: str, is_loopback: bool) -> None:
    assert Peer(address, None).is_loopback is is_loopback


def greets(port: int) -> bool:
    with RawClient(port, greeting=False) as client:
        return client.reply().startswith("220")
