"""Do mails that are not from people find their place: confirmations, reports, and what is fetched for a record type?"""

import gzip
from base64 import b64encode

import pytest

from postroom.domains.dns_check import report_address
from postroom.domains.models import DmarcReport, TlsReport
from postroom.inbound.door import answer_recipient
from postroom.inbound.handle import handle_received
from postroom.inbound.models import IncomingMessage, IncomingServer, Source
from postroom.inbound.receive import Arrival, receive
from postroom.threads.models import Record
from postroom.threads.registry import register_type
from postroom.workspaces.alerts import open_alerts
from tests.domains.test_reports import report, tls_report
from tests.inbound.mail import letter, take
from tests.outbound.office import Office

pytestmark = pytest.mark.django_db
GMAIL = letter(from_="Gmail Team <forwarding-noreply@google.com>", subject="(#123456789) Gmail Forwarding Confirmation")


@pytest.mark.parametrize("address", ["catchall@company-name.com", "bounce@company-name.com"])
def test_a_confirmation_is_shown_to_people_with_its_code(office: Office, address: str) -> None:
    row = take(GMAIL, address)
    assert (row.state, row.workspace) == ("handled", office.workspace)
    alert = open_alerts().get()
    assert address in alert.what_happened
    assert "123456789" in alert.what_to_do


def mail_with(content: bytes, name: str, *fields: str, type_: str = "application/gzip") -> bytes:
    head = [f"From: r@receiver.example\r\nMIME-Version: 1.0\r\nContent-Type: {type_}", *fields]
    head += [f'Content-Disposition: attachment; filename="{name}"', "Content-Transfer-Encoding: base64"]
    return ("\r\n".join(head) + "\r\n\r\n" + b64encode(content).decode() + "\r\n").encode()


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("receiver.example!company-name.com!1!2.xml.gz", "A report"),
        ("report.gz", "Report Domain: company-name.com Submitter: receiver.example Report-ID: <1>"),
    ],
)
def test_a_dmarc_report_is_kept_once(office: Office, name: str, subject: str) -> None:
    raw = mail_with(gzip.compress(report()), name, f"Subject: {subject}")
    assert take(raw, "bounce@company-name.com").state == "handled"
    assert "already" in take(b"X-Copy: 1\r\n" + raw.replace(b"A report", b"Again"), "catchall@company-name.com").reason
    assert DmarcReport.objects.count() == 1


def test_reports_are_taken_at_the_address_that_our_records_name(office: Office) -> None:
    """By a server that asks for each recipient whether it is known, and without making it anybody's conversation."""
    address = report_address("company-name.com")
    assert answer_recipient(address).startswith("250 ")
    row = take(mail_with(gzip.compress(report()), "receiver.example!company-name.com!1!2.xml.gz"), address)
    assert (row.state, DmarcReport.objects.count()) == ("handled", 1)
    other = take(letter("Subject: Hello"), address)
    assert (other.state, other.reason) == (
        "unrouted", "It came to the address for reports on our domains and is none.",
    )  # fmt: skip


def test_a_tls_report_is_kept(office: Office) -> None:
    raw = mail_with(tls_report(), "t.json", "TLS-Report-Domain: company-name.com", type_="application/tlsrpt+json")
    assert take(raw, "bounce@company-name.com").state == "handled"
    assert TlsReport.objects.count() == 1


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"<other/>", mtime=0), b"<feedback>"])
def test_what_only_looks_like_a_report_stays_a_mail(office: Office, content: bytes) -> None:
    row = take(mail_with(content, "a!company-name.com!1!2.xml.gz"), "bounce@company-name.com")
    assert row.state == "unrouted"


def test_a_report_on_somebody_elses_domain_stays_a_mail(office: Office) -> None:
    other = report().replace(b"company-name.com", b"elsewhere.example")
    assert take(mail_with(other, "a!elsewhere.example!1!2.xml"), "bounce@company-name.com").state == "unrouted"
    assert not DmarcReport.objects.exists()


def fetched(office: Office, raw: bytes, record_type: str = "crm.lead") -> IncomingMessage:
    server = IncomingServer.objects.create(workspace=office.workspace, name="Leads", record_type=record_type)
    workspace = office.workspace.pk
    (id_,) = receive(Arrival(raw=raw, source=Source.IMAP, workspace=workspace, server=server.pk))
    handle_received()
    return IncomingMessage.objects.get(pk=id_)


def test_fetched_mail_makes_a_record_of_its_servers_type(office: Office) -> None:
    register_type(office.workspace, "crm.lead", label="Lead")
    row = fetched(office, letter("To: sales@gmail.example"))
    assert row.state == "handled"
    assert (row.record, row.record and row.record.name) == (Record.objects.get(), "Hello")


@pytest.mark.parametrize("own", ["bounce", "catchall", "notifications"])
def test_our_own_addresses_never_make_one(office: Office, own: str) -> None:
    register_type(office.workspace, "crm.lead", label="Lead")
    row = fetched(office, letter(f"To: {own}@company-name.com"))
    assert (row.state, Record.objects.count()) == ("unrouted", 0)


def test_what_a_program_answers_makes_none(office: Office) -> None:
    register_type(office.workspace, "crm.lead", label="Lead")
    row = fetched(office, letter("To: sales@gmail.example", "Auto-Submitted: auto-replied", subject="Out of office"))
    assert (row.state, Record.objects.count()) == ("unrouted", 0)


def test_a_type_that_there_is_not_keeps_the_mail_on_the_desk(office: Office) -> None:
    row = fetched(office, letter("To: sales@gmail.example"))
    assert (row.state, "crm.lead" in row.reason) == ("unrouted", True)
