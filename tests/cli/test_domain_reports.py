"""Can a person read reports from the command line, one alone and those of a month together?"""

import gzip
import json
from pathlib import Path

import pytest

from postroom.domains.models import DmarcReport
from tests.cli.conftest import Postroom, run
from tests.domains.test_reports import report, tls_report
from tests.rfc.test_reports import XML

NAME = "company-name.com"
HERE = ("--workspace", "company-name")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    dmarc, tls = tmp_path / "report.xml.gz", tmp_path / "tls.json"
    dmarc.write_bytes(gzip.compress(report()))
    tls.write_bytes(tls_report())
    return str(dmarc), str(tls)


def test_a_report_is_read_without_an_installation(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(XML)
    result = run("domain", "read-report", str(file))
    told = json.loads(result.stdout)
    assert (told["kind"], told["domain"], told["begin"]) == ("dmarc", NAME, "2025-11-21T00:00:00+00:00")
    assert told["rows"][0]["signatures"][0] == {"domain": NAME, "selector": "s1", "result": "pass"}
    file.write_bytes(b"hello")
    result = run("domain", "read-report", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not XML" in result.stderr


def test_reports_that_are_kept_are_told_together(postroom: Postroom, refused: Postroom, files: tuple[str, str]) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")
    assert "no domain of this workspace" in refused("domain", "read-report", files[0], *HERE)
    postroom("domain", "add", NAME, *HERE)
    for file in files:
        assert "Kept." in postroom("domain", "read-report", file, *HERE)
        assert "It was there already." in postroom("domain", "read-report", file, *HERE)
    assert DmarcReport.objects.count() == 1
    lines = postroom("domain", "reports", NAME, *HERE).splitlines()
    assert lines[0] == f"{NAME}: 3 of 3 reported messages pass, in 1 days."
    assert lines[1].split()[:3] == ["3", "passes", "provider.example:"]
    assert "TLS: 5326 encrypted connections reported, 303 that failed." in lines
    told = json.loads(postroom("domain", "reports", NAME, *HERE, "--json"))
    assert told["dmarc"]["sources"][0]["addresses"] == ["192.0.2.1"]
    assert told["tls"]["causes"] == {"certificate-expired": 100, "starttls-not-supported": 203}
