"""Is mail that is no bounce left alone, and what is one recognised however it comes?"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.policy.classification import Classification, Kind, Reason, classify

HEAD = b"From: Mary <mary@example.com>\r\nTo: info@company-name.example\r\n"
DAEMON = b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\nTo: bounce@company-name.example\r\n"


def mail(head: bytes, subject: str, body: str) -> bytes:
    return head + f"Subject: {subject}\r\nMIME-Version: 1.0\r\n\r\n{body}".encode()


def dsn(fields: str, *, text: str = "It did not work.") -> bytes:
    return mail(
        DAEMON + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n',
        "Returned mail",
        f"--b\r\n\r\n{text}\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n{fields}\r\n--b\r\n"
        "Content-Type: message/rfc822\r\n\r\nReturn-Path: <bounce+token@company-name.example>\r\n"
        "Message-ID: <1@company-name.example>\r\nSubject: hello\r\n\r\nhello\r\n--b--\r\n",
    )


def only(classification: Classification) -> tuple[str, str | None, bool | None, Reason | None]:
    (recipient,) = classification.recipients
    return recipient.address, recipient.status, recipient.is_hard, recipient.reason


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Your parcel could not be delivered", "Delivery failed: nobody was at home. Choose another day."),
        (
            "Re: Undelivered Mail Returned to Sender",
            "I got this, what does user unknown mean?\r\n\r\n> <a@b.example>: 550",
        ),
        (
            "Fwd: failure notice",
            "See below.\r\n\r\nHi. This is the qmail-send program.\r\n<a@b.example>:\r\nno mailbox",
        ),
        ("Delivery status of your order", "It was rejected by the customs."),
        ("Mailbox", "My mailbox is full, write to other@example.com"),
        ("", ""),
    ],
)
def test_mail_from_people_and_shops_is_no_bounce(subject: str, body: str) -> None:
    assert classify(mail(HEAD, subject, body)).kind is Kind.ORDINARY


def test_what_people_write_to_a_mailing_list_about_filters_and_absence_is_for_people() -> None:
    head = HEAD + b"List-Id: <talk.example.org>\r\nPrecedence: bulk\r\n"
    assert classify(mail(head, "Re: TMDA", "TMDA asks each sender to confirm.")).kind is Kind.ORDINARY
    assert classify(mail(head, "Re: Paul", "> I am out of the office\r\n\r\nNot again!")).kind is Kind.ORDINARY
    assert classify(mail(HEAD, "Vacation time, house needs work", "Refinance now")).kind is Kind.ORDINARY


def test_a_bounce_that_somebody_forwards_as_attachment_is_no_bounce() -> None:
    inner = dsn("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n")
    head = HEAD + b'Content-Type: multipart/mixed; boundary="outer"\r\n'
    body = (
        f"--outer\r\n\r\nWhat is this?\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n{inner.decode()}\r\n--outer--"
    )
    assert classify(mail(head, "Fwd: a strange mail", body)).kind is Kind.ORDINARY


def test_a_postmaster_who_writes_himself_is_no_daemon() -> None:
    head = b"From: Paul, postmaster <postmaster@example.com>\r\nTo: info@company-name.example\r\n"
    assert classify(mail(head, "Our delivery report of May", "Please find it attached.")).kind is Kind.ORDINARY


@pytest.mark.parametrize(
    "head",
    [
        b"Auto-Submitted: auto-replied\r\n",
        b"X-Autoreply: yes\r\n",
        b"Precedence: auto_reply\r\n",
        b"X-Apple-Action: VACATION\r\n",
    ],
)
def test_automatic_replies_are_known_by_their_fields(head: bytes) -> None:
    assert classify(mail(HEAD + head, "Thank you", "We got your mail.")).kind is Kind.AUTOREPLY


@pytest.mark.parametrize("subject", ["Automatic reply: hello", "Abwesenheitsnotiz", "Réponse automatique : bonjour"])
def test_automatic_replies_are_known_by_their_subject(subject: str) -> None:
    assert classify(mail(HEAD + b"Return-Path: <>\r\n", subject, "I am away.")).kind is Kind.AUTOREPLY


def test_a_filter_that_wants_a_confirmation_is_a_challenge() -> None:
    body = "Your message is waiting. Please confirm that you sent this message by clicking the link, just this once."
    assert classify(mail(HEAD + b"Precedence: bulk\r\n", "Confirm your message", body)).kind is Kind.CHALLENGE


def test_a_read_receipt_is_no_bounce_and_a_mailbox_that_rejects_is_one() -> None:
    head = HEAD + b'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n'
    body = (
        "--b\r\n\r\nYour message to <a@b.example> was {words}\r\n--b\r\n"
        "Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n"
        "Original-Message-ID: <1@example.com>\r\nDisposition: {disposition}\r\n--b--"
    )
    receipt = classify(mail(head, "Read: hello", body.format(words="read.", disposition="manual-action/x; displayed")))
    refusal = classify(
        mail(
            head,
            "Rejected: hello",
            body.format(words="automatically rejected:\r\nQuota exceeded", disposition="automatic-action/x; deleted"),
        )
    )
    assert (receipt.kind, receipt.original_message_id) == (Kind.MDN, "<1@example.com>")
    assert refusal.kind is Kind.BOUNCE
    assert only(refusal) == ("a@b.example", None, False, Reason.MAILBOX_FULL)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n", Kind.BOUNCE),
        ("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 4.4.7\r\n", Kind.BOUNCE),
        ("Final-Recipient: rfc822; a@b.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n", Kind.DELAYED),
        ("Final-Recipient: rfc822; a@b.example\r\nAction: relayed\r\nStatus: 2.0.0\r\n", Kind.SUCCESS),
        ("final-recipient :a@b.example\naction :FAILED (bad)\nstatus :5.1.1 (no such)\n", Kind.BOUNCE),
        ("Action: failed\r\n\r\nFinal-Recipient: RFC822;<a@b.example>\r\n\r\nStatus: 5.1.1\r\n", Kind.BOUNCE),
    ],
)
def test_the_action_decides_what_a_report_is(fields: str, kind: Kind) -> None:
    classification = classify(dsn(f"Reporting-MTA: dns; mx.example.net\r\n\r\n{fields}"))
    assert classification.kind is kind
    assert [recipient.address for recipient in classification.recipients] == ["a@b.example"]


def test_a_bounce_leaves_out_whom_the_mail_did_reach() -> None:
    good = "Final-Recipient: rfc822; good@b.example\r\nAction: delivered\r\nStatus: 2.1.5\r\n"
    bad = "Final-Recipient: rfc822; bad@b.example\r\nAction: failed\r\nStatus: 5.2.2\r\n"
    assert only(classify(dsn(f"{good}\r\n{bad}"))) == ("bad@b.example", "5.2.2", False, Reason.MAILBOX_FULL)


def test_a_bounce_tells_the_message_and_its_return_path() -> None:
    classification = classify(dsn("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"))
    assert classification.original_message_id == "<1@company-name.example>"
    assert classification.return_paths[0] == "bounce+token@company-name.example"
    assert classification.returned is not None
    assert b"Subject: hello" in classification.returned


def test_a_bounce_without_an_address_stays_a_bounce_and_invents_none() -> None:
    classification = classify(mail(DAEMON, "Undeliverable mail", "Your message could not be delivered. Sorry."))
    assert (classification.kind, classification.recipients) == (Kind.BOUNCE, ())


def test_a_report_under_a_wrong_boundary_is_read_all_the_same() -> None:
    raw = dsn("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n")
    assert only(classify(raw.replace(b'boundary="b"', b'boundary="other"')))[:2] == ("a@b.example", "5.1.1")


def test_a_bounce_after_an_empty_line_is_read_all_the_same() -> None:
    raw = dsn("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n")
    assert only(classify(b"   \r\n" + raw))[:2] == ("a@b.example", "5.1.1")


def test_a_bounce_within_a_bounce_tells_the_recipient_that_the_outer_one_leaves_out() -> None:
    inner = dsn("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n").decode()
    head = DAEMON + b'Content-Type: multipart/mixed; boundary="outer"\r\n'
    body = f"--outer\r\n\r\nReturned mail\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--outer--"
    assert only(classify(mail(head, "Returned mail: User unknown", body)))[0] == "a@b.example"


def test_only_faults_of_the_recipient_count_against_the_address() -> None:
    def fault(reply: str, status: str) -> bool:
        fields = f"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: {status}\r\n"
        (recipient,) = classify(dsn(f"{fields}Diagnostic-Code: smtp; {reply}\r\n")).recipients
        return recipient.is_recipient_fault

    assert fault("550 5.1.1 No such user", "5.1.1")
    assert fault("552 5.2.2 Mailbox full", "5.2.2")
    assert not fault("550 5.7.1 Blocked, see spamhaus.org", "5.7.1")
    assert not fault("550 5.7.26 DMARC policy of the sender", "5.7.26")
    assert not fault("552 5.3.4 Message too big", "5.3.4")
    assert not fault("451 4.4.1 Connection timed out", "4.4.1")


@settings(max_examples=100, deadline=30_000)
@given(st.binary(max_size=2000))
def test_arbitrary_octets_raise_nothing(octets: bytes) -> None:
    classify(octets)
    classify(DAEMON + b"Subject: failure notice\r\n\r\n" + octets)


@pytest.mark.parametrize("head", [DAEMON, DAEMON + b"Content-Type: text/html\r\n", dsn("")[:-200]])
def test_time_grows_with_the_length_and_not_with_its_square(head: bytes) -> None:
    units = [
        b"<", b"@", b"(", b"\n", b" ", b"{", b'"', b"a@b.example ", b"=?utf-8?q?", b"<style", b"550-", b"boundary=",
        b"--b\r\nContent-Type: text/plain\r\n\r\n", b"Final-Recipient: rfc822; a@b.example\n",
        b"user recipient mailbox address account ", b"<a@b.example>:\n550 spf not relay host tls\n",
        b"host said: 550 ", b"not able to deliver to ",
    ]  # fmt: skip
    classify(mail(DAEMON, "Undeliverable mail", "Sorry."))  # imports what is imported at need
    for unit in units:
        started = time.process_time()
        classify(head + b"Subject: failure notice\r\n\r\n" + unit * (100_000 // len(unit)))
        assert time.process_time() - started < 0.5, unit
