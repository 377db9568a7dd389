"""Are DMARC aggregate reports and TLS reports read in every packing, and are bombs and traps refused?"""

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.errors import PostroomError, ReportSyntaxError, ReportTooLargeError
from postroom.rfc.dmarc_report import MAX_COUNT, DmarcReport, Signature
from postroom.rfc.report_file import read_report
from postroom.rfc.tls_report import TlsReport, read_tls_report


def dmarc(content: bytes) -> DmarcReport:
    report = read_report(content)
    assert isinstance(report, DmarcReport)
    return report


RECORD = """
<record>
  <row><source_ip>192.0.2.1</source_ip><count>3</count>
    <policy_evaluated><disposition>{disposition}</disposition><dkim>pass</dkim><spf>fail</spf>
      <reason><type>mailing_list</type><comment>x</comment></reason></policy_evaluated></row>
  <identifiers><header_from>Company-Name.com</header_from></identifiers>
  <auth_results>
    <dkim><domain>company-name.com</domain><selector>s1</selector><result>pass</result></dkim>
    <dkim><domain>provider.example</domain><result>pass</result></dkim>
    <spf><domain>provider.example</domain><result>pass</result></spf>
  </auth_results>
</record>"""
REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<feedback{namespace}>
  <report_metadata><org_name>receiver.example</org_name><email>dmarc@receiver.example</email>
    <report_id>r-1</report_id><date_range><begin>1763683200</begin><end>1763769599</end></date_range></report_metadata>
  <policy_published><domain>company-name.com</domain><adkim>r</adkim><aspf>r</aspf><p>quarantine</p></policy_published>
  {records}
</feedback>"""
XML = REPORT.format(namespace="", records=RECORD.format(disposition="none")).encode()


def zipped(*files: bytes, name: str = "report{}.xml") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(files):
            archive.writestr(name.format(number), file)
    return packed.getvalue()


@pytest.mark.parametrize("content", [XML, gzip.compress(XML), zipped(XML)], ids=["xml", "gzip", "zip"])
def test_a_report_is_read_in_every_packing(content: bytes) -> None:
    report = dmarc(content)
    assert (report.reporter, report.report_id, report.domain, report.policy) == (
        "receiver.example", "r-1", "company-name.com", "quarantine",
    )  # fmt: skip
    assert report.begin == datetime(2025, 11, 21, tzinfo=UTC)
    (row,) = report.rows
    assert (row.source, row.count, row.disposition, row.header_from) == ("192.0.2.1", 3, "none", "company-name.com")
    assert (row.dkim_aligned, row.spf_aligned, row.passed) == (True, False, True)
    assert row.signatures == (
        Signature("company-name.com", "s1", "pass"),
        Signature("provider.example", "", "pass"),
    )
    assert (row.spf_domain, row.spf_result, row.reasons) == ("provider.example", "pass", ("mailing_list",))


@pytest.mark.parametrize(
    "namespace", [' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"', ' xmlns:d="http://dmarc.org/dmarc-xml/0.1"']
)
def test_namespaces_do_not_matter(namespace: str) -> None:
    xml = REPORT.format(namespace=namespace, records=RECORD.format(disposition="reject") * 2)
    assert [row.disposition for row in dmarc(xml.encode()).rows] == ["reject", "reject"]


def test_the_newer_disposition_pass_is_none() -> None:
    xml = REPORT.format(namespace="", records=RECORD.format(disposition="pass"))
    assert dmarc(xml.encode()).rows[0].disposition == "none"


def test_ipv6_sources_have_one_form() -> None:
    assert dmarc(XML.replace(b"192.0.2.1", b"2001:DB8:0::1")).rows[0].source == "2001:db8::1"


def test_numbers_beyond_all_mail_and_addresses_with_a_zone_are_kept_in_bounds() -> None:
    (row,) = dmarc(XML.replace(b">3<", b">" + b"9" * 40 + b"<").replace(b"192.0.2.1", b"fe80::1%eth0")).rows
    assert (row.count, row.source) == (MAX_COUNT, "fe80::1")


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><feedback>&b;</feedback>'
FETCH = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><feedback>&a;</feedback>'


@pytest.mark.parametrize(
    "content",
    [
        b"", b"hello", b"<feedback", b"<other/>", b"<feedback/>", BOMB, FETCH, BOMB.decode().encode("utf-16"),
        XML.replace(b"192.0.2.1", b"here"), XML.replace(b">3<", b">many<"), XML.replace(b"1763683200", b"9" * 30),
        XML.replace(b"<domain>company-name.com</domain><adkim>", b"<adkim>"), gzip.compress(XML)[:-20],
        zipped(XML)[:-30],
        zipped(XML, XML), zipped(), b"PK\x03\x04 hello", b"\x1f\x8b hello", b'<?xml version="1.0" encoding="x"?><a/>',
        XML.replace(b"1763683200", b"nan"), XML.replace(b"1763683200", b"inf"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(ReportSyntaxError):
        dmarc(content)


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b" " * 60_000_000),
        zipped(b" " * 60_000_000),
        b" " * 11_000_000,
        b"<feedback>" + b"<a>" * 100 + b"</a>" * 100 + b"</feedback>",
    ],
    ids=["gzip", "zip", "plain", "deep"],
)
def test_bombs_are_refused(content: bytes) -> None:
    with pytest.raises(ReportTooLargeError):
        dmarc(content)


def test_a_zip_that_lies_about_its_size_is_cut_or_refused() -> None:
    packed = zipped(b" " * 60_000_000)
    lying = packed.replace((60_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != packed
    with pytest.raises(PostroomError):
        dmarc(lying)


@given(st.binary(max_size=200), st.sampled_from([b"", XML[:300], b"\x1f\x8b\x08", b"PK\x03\x04", b"{"]))
def test_noise_never_ends_otherwise_than_in_a_refusal(noise: bytes, start: bytes) -> None:
    for read in (read_report, read_tls_report):
        with pytest.raises(PostroomError):
            read(start + noise)


# --- TLS reports ---------------------------------------------------------------------------------------------------

TLS: dict[str, Any] = {
    "organization-name": "Sender Inc.",
    "date-range": {"start-datetime": "2026-11-20T00:00:00Z", "end-datetime": "2026-11-20T23:59:59Z"},
    "contact-info": "tls@sender.example",
    "report-id": "t-1",
    "policies": [
        {
            "policy": {"policy-type": "sts", "policy-domain": "Company-Name.com", "mx-host": ["*.company-name.com"]},
            "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
            "failure-details": [
                {"result-type": "certificate-expired", "receiving-mx-hostname": "MX1.company-name.com",
                 "failed-session-count": 100},
                {"result-type": "starttls-not-supported", "failed-session-count": 203},
            ],
        }
    ],
}  # fmt: skip


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_tls_report_is_read(pack: Any) -> None:
    report = read_report(pack(json.dumps(TLS).encode()))
    assert isinstance(report, TlsReport)
    assert (report.reporter, report.report_id, report.domain) == ("Sender Inc.", "t-1", "company-name.com")
    assert report.begin == datetime(2026, 11, 20, tzinfo=UTC)
    (policy,) = report.policies
    assert (policy.kind, policy.successes, policy.failures) == ("sts", 5326, 303)
    assert [(detail.result, detail.receiving_host, detail.count) for detail in policy.details] == [
        ("certificate-expired", "mx1.company-name.com", 100),
        ("starttls-not-supported", "", 203),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"policies": []}, {"policies": None}, {"policies": [1]}, {"date-range": {}}, {"date-range": "today"},
        {"policies": [{"policy": {"policy-domain": "no domain"}, "summary": {}}]},
        {"policies": [{"policy": {"policy-domain": "a.example"}, "summary": {"total-failure-session-count": "many"}}]},
    ],
)  # fmt: skip
def test_what_is_no_tls_report_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ReportSyntaxError):
        read_report(json.dumps(TLS | changes).encode())


def test_deep_json_is_refused() -> None:
    with pytest.raises(ReportSyntaxError):
        read_tls_report(b"[" * 1_000_000)
