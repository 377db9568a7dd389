"""Are reports kept once and only about domains of the workspace, and added up rightly?"""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain, DmarcReport, DmarcRow, TlsReport
from postroom.domains.reports import KEPT_FOR, ForeignReportError, prune, store_report, summarise_dmarc, summarise_tls
from postroom.policy.dns.report_summary import Source
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Workspace
from tests.rfc.test_reports import RECORD, REPORT, TLS

NAME = "company-name.com"
NOW = datetime.now(UTC)


@pytest.fixture
def workspace(db: None) -> Workspace:
    workspace = create_workspace("company-name", company="My Company")
    save_alias_domain(AliasDomain(workspace=workspace, name=NAME))
    return workspace


def report(number: int = 1, *, end: datetime = NOW, records: str = RECORD.format(disposition="none")) -> bytes:
    text = REPORT.format(namespace="", records=records).replace("r-1", f"r-{number}")
    times = (int((end - timedelta(days=1)).timestamp()), int(end.timestamp()))
    return text.replace("1763683200", str(times[0])).replace("1763769599", str(times[1])).encode()


def tls_report(**changes: object) -> bytes:
    period = {"start-datetime": (NOW - timedelta(days=1)).isoformat(), "end-datetime": NOW.isoformat()}
    return json.dumps({**TLS, "date-range": period, **changes}).encode()


def test_a_report_is_kept_once(workspace: Workspace) -> None:
    assert store_report(workspace, gzip.compress(report())) is True
    assert store_report(workspace, report()) is False
    assert (DmarcReport.objects.count(), DmarcRow.objects.count()) == (1, 1)
    assert store_report(workspace, tls_report()) is True
    assert store_report(workspace, tls_report()) is False
    assert TlsReport.objects.count() == 1


def test_a_report_about_somebody_else_is_refused(workspace: Workspace) -> None:
    other = create_workspace("other", company="Other")
    with pytest.raises(ForeignReportError, match=NAME):
        store_report(other, report())
    assert not DmarcReport.objects.exists()


def test_a_report_about_the_domain_above_or_below_is_ours(workspace: Workspace) -> None:
    AliasDomain.objects.update(name=f"mail.{NAME}")
    assert store_report(workspace, report())
    assert store_report(workspace, report(2).replace(NAME.encode(), f"shop.mail.{NAME}".encode()))


def test_the_reports_of_a_period_are_added_up(workspace: Workspace) -> None:
    unaligned = RECORD.format(disposition="none").replace("<dkim>pass</dkim><spf>", "<dkim>fail</dkim><spf>")
    store_report(workspace, report(1, end=NOW - timedelta(days=20)))
    store_report(workspace, report(2, records=RECORD.format(disposition="none") + unaligned))
    store_report(workspace, report(3, end=NOW - timedelta(days=40)))
    summary = summarise_dmarc(workspace, NAME)
    assert (summary.messages, summary.passed, summary.days, summary.policy) == (9, 6, 21, "quarantine")
    assert {(source.kind, source.messages) for source in summary.sources} == {
        (Source.PASSES, 6),
        (Source.FORWARDED, 3),
    }
    assert summarise_dmarc(workspace, NAME, days=365).messages == 12


def test_another_workspaces_reports_do_not_count(workspace: Workspace) -> None:
    store_report(workspace, report())
    assert summarise_dmarc(create_workspace("other", company="Other"), NAME).messages == 0


def test_tls_reports_are_added_up(workspace: Workspace) -> None:
    store_report(workspace, tls_report())
    store_report(workspace, tls_report(**{"report-id": "t-2"}))
    summary = summarise_tls(workspace, NAME)
    assert (summary.successes, summary.failures) == (10652, 606)
    assert summary.causes == {"certificate-expired": 200, "starttls-not-supported": 406}


def test_old_reports_are_forgotten(workspace: Workspace) -> None:
    store_report(workspace, report())
    store_report(workspace, report(2, end=NOW - KEPT_FOR - timedelta(days=1)))
    prune()
    assert list(DmarcReport.objects.values_list("report_id", flat=True)) == ["r-1"]
