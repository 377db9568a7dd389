"""Is the reason found that a reply gives, with what stands beside it: status, command, the notice's own words?"""

import pytest

from postroom.policy.bounce.diagnosis import Told, diagnose
from postroom.policy.bounce.reason import Reason
from postroom.policy.bounce.shown_session import session_command
from postroom.policy.classification import classify

DAEMON = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: me@example.net\n"


def reason_of(notice: str, *, head: str = "") -> Reason | None:
    (recipient,) = classify(f"{DAEMON}{head}Subject: Returned mail\n\n{notice}".encode()).recipients
    return recipient.reason


@pytest.mark.parametrize(
    ("reply", "command", "reason"),
    [
        ("550 5.1.1 <a@b.example> recipient rejected", "RCPT", Reason.USER_UNKNOWN),
        ("550 Recipient Rejected: No account by that name here", "RCPT", Reason.USER_UNKNOWN),
        ("550 5.1.1 <a@b.example>: inactive email address", "RCPT", Reason.USER_UNKNOWN),
        ("550 ** No mail box available for this user **", None, Reason.USER_UNKNOWN),
        ("550 BAD_RECIPIENT - see https://example.com/", None, Reason.USER_UNKNOWN),
        ("554 RCPT (a@b.example) dosn't exist", "RCPT", Reason.USER_UNKNOWN),
        ("550 user doesnt exist", "RCPT", Reason.USER_UNKNOWN),
        ("552 1 Requested mail action aborted, mailbox not found", "END OF DATA", Reason.USER_UNKNOWN),
        ("550 unknown user", "END OF DATA", Reason.FILTERED),
        ("553 5.1.7 The sender address is not a valid RFC-5321 address", "MAIL", Reason.REJECTED),
        ("553 5.1.7 The address is not a valid RFC-5321 address", None, Reason.REJECTED),
        ("501 5.5.4 Invalid domain name", "EHLO", Reason.BLOCKED),
        ("550 5.2.0 RESOLVER.ADR.BadPrimary", None, Reason.FILTERED),
        ("550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients", None, Reason.TOO_MANY_CONNECTIONS),
        ("550 Recipient temporarily unavailable", "RCPT", Reason.SYSTEM_ERROR),
        ("550 5.7.1 This domain does not accept email over ipv6", None, Reason.SECURITY_ERROR),
        ("451 Account inbounds disabled", None, Reason.NOT_ACCEPT),
    ],
)
def test_a_reply_gives_its_reason(reply: str, command: str | None, reason: Reason) -> None:
    assert diagnose(reply, Told(action="failed", command=command)).reason is reason


def test_a_lone_reply_after_data_is_about_the_message_and_two_say_nothing_of_the_command() -> None:
    assert session_command(">>> DATA\n<<< 550-5.7.1 Not\n<<< 550 5.7.1 wanted\n554 5.0.0 Service unavailable") == (
        "END OF DATA"
    )
    assert session_command(">>> DATA\n<<< 550 Unknown user\n<<< 503 5.0.0 Need RCPT") is None
    assert session_command(">>> RCPT To:<a@b.example>\n<<< 550 Unknown user") == "RCPT"


def test_what_sendmail_makes_of_a_reply_does_not_count_beside_the_reply() -> None:
    session = "----- Transcript of session follows -----\n... while talking to mx.b.example.:\n>>> DATA\n"
    echo = "550 5.1.1 <a@b.example>... User unknown\n"
    assert reason_of(f"{session}<<< 550 5.7.1 Spam message rejected\n{echo}<<< 503 Need RCPT") is Reason.SPAM_DETECTED
    assert reason_of(f"{session}{echo}") is Reason.USER_UNKNOWN


def test_a_closed_account_counts_before_the_reply_beside_the_address() -> None:
    reply = "<a@b.example>: 550 user unknown (in reply to RCPT TO command)"
    assert reason_of(f"The user(s) account is disabled.\n\n{reply}") is Reason.SUSPEND
    assert reason_of(reply) is Reason.USER_UNKNOWN
    assert reason_of("<a@b.example>: 550 user unknown", head="X-SPASIGN: NG\n") is Reason.FILTERED
