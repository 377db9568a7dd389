"""Does each failure get the outcome and the reach that an operator expects?"""

import pytest

from postroom.policy.causes import SIGNS, Reach
from postroom.policy.failure import Verdict, judge
from postroom.policy.hint import retry_hint
from postroom.policy.status import Status
from postroom.rfc.reply import Reply
from postroom.rfc.session import ConnectFailure, Lost, Phase, Unsupported

MAIL, RCPT, DATA, MESSAGE = Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.MESSAGE


def verdict(text: str, phase: Phase) -> Verdict:
    return judge(Reply(int(text[:3]), (text[4:],)), phase=phase)


def test_only_a_positive_answer_to_the_message_is_sent() -> None:
    assert verdict("250 2.0.0 Ok: queued", MESSAGE).outcome is Status.SENT
    for phase in (MAIL, RCPT, DATA):
        assert verdict("250 2.0.0 Ok", phase).outcome is Status.DEFERRED


@pytest.mark.parametrize(
    ("reply", "phase", "cause"),
    [
        ("550 5.1.1 <x@y>: Recipient address rejected: User unknown", RCPT, "recipient-unknown"),
        ("550 No such user here", RCPT, "recipient-unknown"),
        ("553 5.1.3 bad address syntax", RCPT, "recipient-unknown"),
        ("501 invalid address", RCPT, "recipient-unknown"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", RCPT, "recipient-domain-unknown"),
        ("556 5.1.10 null MX", RCPT, "recipient-domain-unknown"),
        ("552 5.2.2 Mailbox over quota", RCPT, "mailbox-full"),
        ("550 5.2.1 The email account that you tried to reach is disabled", RCPT, "mailbox-disabled"),
        ("554 5.4.6 Too many hops", MESSAGE, "routing-loop"),
        ("550 5.4.1 Recipient address rejected: Access denied", RCPT, "recipient-refused"),
        ("550 5.7.1 You may not post to this list", RCPT, "recipient-refused"),
    ],
)
def test_a_permanent_fault_of_the_recipient_bounces_it(reply: str, phase: Phase, cause: str) -> None:
    judged = verdict(reply, phase)
    assert (judged.outcome, judged.reach, judged.cause) == (Status.BOUNCED, Reach.RECIPIENT, cause)


@pytest.mark.parametrize(
    ("reply", "phase", "cause"),
    [
        ("552 5.3.4 Message size exceeds fixed limit", MAIL, "too-large"),
        ("552 Requested mail action aborted", MESSAGE, "too-large"),
        ("554 5.6.0 Malformed message", MESSAGE, "message-refused"),
        ("554 5.7.1 Spam message rejected", MESSAGE, "message-refused"),
        ("550 High probability of spam", MESSAGE, "message-refused"),
        ("553 5.6.7 SMTPUTF8 needed", MESSAGE, "needs-smtputf8"),
    ],
)
def test_a_permanent_fault_of_the_message_bounces_it(reply: str, phase: Phase, cause: str) -> None:
    judged = verdict(reply, phase)
    assert (judged.outcome, judged.reach, judged.cause) == (Status.BOUNCED, Reach.MESSAGE, cause)


@pytest.mark.parametrize(
    ("reply", "phase", "cause"),
    [
        ("530 5.7.57 Client not authenticated to send mail", MAIL, "login-refused"),
        ("550 5.7.1 Authentication required", RCPT, "login-refused"),
        ("530 5.7.0 Must issue a STARTTLS command first", MAIL, "encryption-required"),
        ("554 5.7.1 <a@b>: Relay access denied", RCPT, "relay-denied"),
        ("550 relaying prohibited", RCPT, "relay-denied"),
        (
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            RCPT,
            "address-blocked",
        ),
        ("550 5.4.5 Daily user sending limit exceeded", MESSAGE, "daily-limit"),
        ("454 Throttling failure: Maximum sending rate exceeded", MESSAGE, "sending-limit"),
        ("554 Daily message quota exceeded", MESSAGE, "daily-limit"),
        ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", MESSAGE, "connection-limit"),
        ("421 4.7.28 Unusual rate of mail from your address", MAIL, "sending-limit"),
        ("421 4.3.2 All server ports are busy", MAIL, "server-unavailable"),
        ("421 Closing", RCPT, "server-unavailable"),
        ("554 5.3.2 System not accepting network messages", RCPT, "server-unavailable"),
        ("451 4.3.0 Temporary lookup failure", RCPT, "server-unavailable"),
        ("500 5.5.2 Unrecognised command", RCPT, "protocol"),
        ("503 5.5.1 Bad sequence of commands", DATA, "protocol"),
        ("555 5.5.4 Unsupported option", MAIL, "protocol"),
    ],
)
def test_a_fault_of_the_server_or_its_settings_bounces_nobody(reply: str, phase: Phase, cause: str) -> None:
    judged = verdict(reply, phase)
    assert (judged.outcome, judged.reach, judged.cause) == (Status.DEFERRED, Reach.SERVER, cause)


@pytest.mark.parametrize(
    ("reply", "phase", "cause"),
    [
        ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", MESSAGE, "sender-refused"),
        ("554 5.2.252 SendAsDenied; a@b not allowed to send as c@d", MESSAGE, "sender-refused"),
        ("550 The from address does not match a verified Sender Identity.", MESSAGE, "sender-refused"),
        ("554 Message rejected: Email address is not verified.", MESSAGE, "sender-refused"),
        ("553 5.7.1 <a@b>: Sender address rejected: not owned by user c", RCPT, "sender-refused"),
        ("550 5.1.8 <a@b>: Sender address rejected: Domain not found", RCPT, "sender-refused"),
        ("550 Administrative prohibition", MAIL, "sender-refused"),
        (
            "550 5.7.26 Unauthenticated email from b is not accepted due to domain's DMARC policy",
            MESSAGE,
            "unauthenticated-mail",
        ),
        ("550 5.7.23 SPF validation failed", RCPT, "unauthenticated-mail"),
    ],
)
def test_a_refused_sender_address_waits_to_be_mended(reply: str, phase: Phase, cause: str) -> None:
    judged = verdict(reply, phase)
    assert (judged.outcome, judged.reach, judged.cause) == (Status.DEFERRED, Reach.IDENTITY, cause)


@pytest.mark.parametrize(
    ("reply", "phase", "reach"),
    [
        ("450 4.2.1 The user is receiving mail at a rate that prevents delivery", RCPT, Reach.RECIPIENT),
        ("450 4.2.0 Greylisted", RCPT, Reach.RECIPIENT),
        ("452 4.2.2 Over quota", RCPT, Reach.RECIPIENT),
        ("452 4.5.3 Too many recipients", RCPT, Reach.RECIPIENT),
        ("552 Too many recipients", RCPT, Reach.RECIPIENT),
        ("552 Storage", RCPT, Reach.RECIPIENT),
        ("450 4.1.1 unverified address", RCPT, Reach.RECIPIENT),
        ("451 4.6.0 content filter timed out", MESSAGE, Reach.MESSAGE),
        ("451 try later", MESSAGE, Reach.MESSAGE),
        ("451 try later", MAIL, Reach.SERVER),
    ],
)
def test_what_is_temporary_is_deferred(reply: str, phase: Phase, reach: Reach) -> None:
    judged = verdict(reply, phase)
    assert (judged.outcome, judged.reach) == (Status.DEFERRED, reach)


def test_a_code_of_no_known_class_is_temporary() -> None:
    for code in (0, 150, 354, 699):
        for phase in (MAIL, RCPT, MESSAGE):
            assert judge(Reply(code, ("what?",)), phase=phase).outcome is Status.DEFERRED


def test_lost_after_the_message_was_written_is_unknown() -> None:
    assert judge(Lost(MESSAGE, "reset", may_have_been_accepted=True)).outcome is Status.UNKNOWN
    judged = judge(Lost(DATA, "reset"))
    assert (judged.outcome, judged.reach) == (Status.DEFERRED, Reach.SERVER)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_failed_connection_is_the_servers_matter_and_temporary(phase: Phase) -> None:
    for reply in (None, Reply(535, ("5.7.8 Bad credentials",)), Reply(554, ("No",)), Reply(454, ("4.7.0 Later",))):
        judged = judge(ConnectFailure(phase, "why", reply))
        assert (judged.outcome, judged.reach) == (Status.DEFERRED, Reach.SERVER)


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (ConnectFailure(Phase.RESOLVE, "unknown"), "host-not-found"),
        (ConnectFailure(Phase.CONNECT, "refused"), "no-connection"),
        (ConnectFailure(Phase.TLS, "certificate has expired"), "tls-failed"),
        (ConnectFailure(Phase.LOGIN, "no mechanism"), "login-failed"),
        (ConnectFailure(Phase.LOGIN, "bad", Reply(535, ("5.7.8 bad",))), "login-refused"),
        (ConnectFailure(Phase.LOGIN, "later", Reply(454, ("4.7.0 Temporary failure",))), "server-unavailable"),
        (ConnectFailure(Phase.GREETING, "busy", Reply(421, ("4.7.0 Too many connections",))), "connection-limit"),
        (ConnectFailure(Phase.GREETING, "no", Reply(554, ("no SMTP service here",))), "no-greeting"),
    ],
)
def test_names_the_cause_of_a_failed_connection(failure: ConnectFailure, cause: str) -> None:
    assert judge(failure).cause == cause


@pytest.mark.parametrize("keyword", ["SIZE", "SMTPUTF8", "8BITMIME"])
def test_what_the_server_cannot_do_bounces_the_message(keyword: str) -> None:
    judged = judge(Unsupported(keyword, "why"))
    assert (judged.outcome, judged.reach) == (Status.BOUNCED, Reach.MESSAGE)
    assert "why" in judged.sentence


def test_every_cause_has_one_id_and_a_sentence() -> None:
    causes = {sign.cause for sign in SIGNS}
    assert len({cause.id for cause in causes}) == len(causes)
    assert all(cause.sentence.endswith(".") for cause in causes)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4.7.1 Greylisted, please try again in 10 minutes", 600),
        ("Please retry after 300 seconds", 300),
        ("4.7.1 Greylisting in action, please come back in 00:04:59", 299),
        ("Too many messages, wait 1 hour", 3600),
        ("Try again in an hour", 3600),
        ("please try again later (30s)", 30),
        ("Retry-After: 120 s", 120),
        ("try again in 1 hour and 5 minutes", 3900),
        ("try again in 2 min 30 sec", 150),
        ("Try again later", None),
        ("this mailbox was closed 30 days ago", None),
        ("limit of 100 messages per 60 minutes exceeded", None),
        ("2.1.0 Ok", None),
    ],
)
def test_reads_the_servers_wish_for_the_next_attempt(text: str, seconds: int | None) -> None:
    assert retry_hint(Reply(451, (text,))) == seconds


def test_the_wish_is_part_of_the_verdict() -> None:
    assert verdict("451 4.7.1 Greylisted, try again in 5 minutes", RCPT).hint_s == 300
