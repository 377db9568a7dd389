"""Is what a delivery status notification says read as it is meant, ours among them?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.rfc.dsn import read_delivery_status, read_typed_address
from postroom.rfc.dsn_writing import UndeliveredTo, render_dsn
from postroom.rfc.report import read_report


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("rfc822; user@example.com", "user@example.com"),
        ("RFC822;<user@example.com>", "user@example.com"),
        ("user@example.com", "user@example.com"),
        (" rfc822 ; user@example.com (Paul) ", "user@example.com"),
        ("rfc822; @relay.example,@two.example:user@example.com", "user@example.com"),
        ("rfc822; smtp:user@example.com", "user@example.com"),
        (r"utf-8; p\x{E4}ul@example.com", "päul@example.com"),
        ("X-Unix; |/usr/bin/program user@example.com", None),
        ("rfc822; user", None),
        ("rfc822; @example.com", None),
        ("", None),
    ],
)
def test_reads_an_address_with_or_without_its_type(value: str, address: str | None) -> None:
    assert read_typed_address(value) == address


@pytest.mark.parametrize(
    "fields",
    [
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; c@d.example\nAction: delayed\nStatus: 4.4.1\n",
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n"
        "Final-Recipient: rfc822; c@d.example\nAction: delayed\nStatus: 4.4.1\n",
        "Action: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; a@b.example\n\n"
        "Action: delayed\nStatus: 4.4.1\nFinal-Recipient: rfc822; c@d.example\n",
        "Final-Recipient: rfc822; a@b.example\n\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; c@d.example\n\nAction: delayed\nStatus: 4.4.1\n",
        "FINAL-RECIPIENT :a@b.example\nACTION :Failed\nSTATUS :5.1.1 (no)\n\n"
        "final-recipient:<c@d.example>\naction:deferred\nstatus:4.4.1\n",
    ],
)
def test_each_recipient_keeps_its_own_fields(fields: str) -> None:
    status = read_delivery_status(f"Reporting-MTA: dns; mx.example\n\n{fields}")
    told = [(each.address, each.action, each.status) for each in status.recipients]
    assert told == [("a@b.example", "failed", "5.1.1"), ("c@d.example", "delayed", "4.4.1")]
    assert status.message["reporting-mta"] == "dns; mx.example"


def test_prefers_a_recipient_that_the_world_knows() -> None:
    fields = "Original-Recipient: rfc822; a@b.example\nFinal-Recipient: rfc822; a@mailstore\nAction: failed\n"
    (recipient,) = read_delivery_status(fields).recipients
    assert (recipient.address, recipient.original_address) == ("a@b.example", "a@b.example")


def test_a_diagnosis_goes_on_over_lines_folded_or_not() -> None:
    fields = b"Final-Recipient: rfc822; a@b.example\r\nDiagnostic-Code: smtp; 550-5.1.1 one\r\n two\r\nthree\r\n"
    (recipient,) = read_delivery_status(fields).recipients
    assert recipient.diagnostic == "550-5.1.1 one two three"


@settings(max_examples=40)
@given(
    st.text(max_size=60), st.binary(max_size=100), st.sampled_from(["a@b.example", "päul@b.example", "a+b=c@b.example"])
)
def test_what_we_write_is_read_back(reply: str, returned_head: bytes, address: str) -> None:
    dsn = render_dsn(
        "It did not work.",
        [UndeliveredTo(address, "5.1.1", reply)],
        reporting_mta="mx.example.com",
        returned_head=b"Subject: hello\r\n" + returned_head,
        boundary="=_boundary_=",
    )
    report = read_report(dsn.head + b"\r\n" + dsn.body)
    (status,) = (each for content in report.statuses for each in read_delivery_status(content).recipients)
    assert (status.address, status.action, status.status) == (address, "failed", "5.1.1")
    assert report.report_type == "delivery-status"
    assert report.explanation.strip() == "It did not work."
    assert report.returned is not None
    assert report.returned.startswith(b"Subject: hello\r\n")
