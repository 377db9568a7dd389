"""Is a report of failed delivery one that other programs understand?"""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

from hypothesis import given
from hypothesis import strategies as st

from postroom.rfc.dsn_writing import UndeliveredTo, render_dsn

AT = datetime(2031, 5, 1, 9, tzinfo=UTC)
JOE = UndeliveredTo("joe@customer.example.com", "5.1.1", "550 5.1.1 No such user", AT)


def report(
    *recipients: UndeliveredTo, explanation: str = "Not delivered.", head: bytes = b"Subject: Hi\r\n"
) -> EmailMessage:
    rendered = render_dsn(
        explanation, recipients, reporting_mta="company-name.com", returned_head=head, boundary="b0undary"
    )
    parsed = message_from_bytes(rendered.head + b"\r\n" + rendered.body, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


def groups(parsed: EmailMessage) -> list[Message]:
    status = list(parsed.iter_parts())[1].get_payload()
    assert isinstance(status, list)
    return status


def test_it_has_the_three_parts_of_a_report() -> None:
    parsed = report(JOE)
    assert parsed.get_content_type() == "multipart/report"
    assert parsed.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in parsed.iter_parts()] == [
        "text/plain", "message/delivery-status", "text/rfc822-headers",
    ]  # fmt: skip


def test_each_recipient_has_its_own_fields() -> None:
    about_message, joe, ann = groups(report(JOE, UndeliveredTo("ann@customer.example.com", "4.4.7")))
    assert about_message["Reporting-MTA"] == "dns; company-name.com"
    assert dict(joe.items()) == {
        "Final-Recipient": "rfc822; joe@customer.example.com",
        "Action": "failed",
        "Status": "5.1.1",
        "Diagnostic-Code": "smtp; 550 5.1.1 No such user",
        "Last-Attempt-Date": "Thu, 01 May 2031 09:00:00 +0000",
    }
    assert dict(ann.items()) == {
        "Final-Recipient": "rfc822; ann@customer.example.com", "Action": "failed", "Status": "4.4.7",
    }  # fmt: skip


def test_an_address_in_utf_8_is_written_in_ascii() -> None:
    (_, group) = groups(report(UndeliveredTo("jörg@grå.example", "5.6.7")))
    assert group["Final-Recipient"] == r"utf-8; j\x{F6}rg@gr\x{E5}.example"


def test_the_header_of_the_message_comes_back_and_the_explanation_is_read_by_people() -> None:
    parsed = report(JOE, explanation="“Grüße” kam nicht an.", head="Subject: Grüße\r\nX-A: b\r\n".encode())
    text, _, head = parsed.iter_parts()
    assert text.get_content().strip() == "“Grüße” kam nicht an."
    assert head.get_payload(decode=True) == "Subject: Grüße\r\nX-A: b\r\n".encode()


@given(st.text(max_size=3000))
def test_no_word_of_a_server_can_break_the_report(diagnostic: str) -> None:
    _, group = groups(report(UndeliveredTo("joe@customer.example.com", "5.0.0", diagnostic)))
    assert set(group.keys()) <= {"Final-Recipient", "Action", "Status", "Diagnostic-Code"}
    assert group["Status"] == "5.0.0"
