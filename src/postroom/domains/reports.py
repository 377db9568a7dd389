"""How DMARC and TLS reports are taken in, and what those of a period say together."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Min, QuerySet, Sum
from django.utils import timezone

from postroom.domains import models
from postroom.errors import PostroomError
from postroom.policy.dns.report_summary import ReportSummary, summarise
from postroom.rfc.dmarc import Disposition
from postroom.rfc.dmarc_report import DmarcReport, Row, Signature
from postroom.rfc.report_file import read_report
from postroom.rfc.tls_report import TlsReport
from postroom.workspaces.models import Workspace

KEPT_FOR = timedelta(days=400)  # a year and a month, to compare a season with the last one
_GROUPED = ("source", "disposition", "dkim_aligned", "spf_aligned", "signatures", "spf_domain", "spf_result", "reasons")


class ForeignReportError(PostroomError):
    """The report is about a domain that this workspace does not have."""

    code = "foreign_report"


@dataclass(frozen=True, slots=True)
class TlsSummary:
    """What senders report of a period: sessions, and what failed how often."""

    domain: str
    days: int
    successes: int
    failures: int
    causes: dict[str, int]


def store_report(workspace: Workspace, content: bytes) -> bool:
    """Keep the report in an attachment; False when it is there already (receivers repeat themselves).

    ReportSyntaxError and ReportTooLargeError as reading does; ForeignReportError when it is about somebody else.
    """
    report = read_report(content)
    if not _is_ours(workspace, report.domain):
        raise ForeignReportError(f"{report.domain} is no domain of this workspace.")
    return _store_tls(workspace, report) if isinstance(report, TlsReport) else _store_dmarc(workspace, report)


def summarise_dmarc(workspace: Workspace, domain: str, *, days: int = 30) -> ReportSummary:
    """What receivers reported of mail in the name of `domain` in the last `days` days."""
    reports = models.DmarcReport.objects.filter(**_of_period(workspace, domain, days))
    newest = reports.order_by("-end_at", "-pk").first()
    policy = Disposition(newest.policy) if newest and newest.policy in tuple(Disposition) else Disposition.NONE
    return summarise(domain, _rows(reports), policy=policy, days=_covered_days(reports))


def summarise_tls(workspace: Workspace, domain: str, *, days: int = 30) -> TlsSummary:
    """What senders reported of encryption in the last `days` days."""
    reports = models.TlsReport.objects.filter(**_of_period(workspace, domain, days))
    totals = reports.aggregate(successes=Sum("successes", default=0), failures=Sum("failures", default=0))
    causes: dict[str, int] = {}
    for details in reports.values_list("details", flat=True):
        for detail in details:
            causes[detail["result"]] = causes.get(detail["result"], 0) + detail["count"]
    return TlsSummary(domain, days, totals["successes"], totals["failures"], causes)


def prune() -> None:
    """Forget reports that nobody compares any more."""
    for model in (models.DmarcReport, models.TlsReport):
        model._default_manager.filter(end_at__lt=timezone.now() - KEPT_FOR).delete()


def _is_ours(workspace: Workspace, domain: str) -> bool:
    """One of our domains, or one above: the policy may stand at the organisational domain."""
    own = [*workspace.alias_domains.values_list("name", flat=True), workspace.subdomain]
    return any(f".{name}".endswith(f".{domain}") or f".{domain}".endswith(f".{name}") for name in own)


@transaction.atomic
def _store_dmarc(workspace: Workspace, report: DmarcReport) -> bool:
    stored, is_new = models.DmarcReport.objects.get_or_create(
        workspace=workspace,
        domain=report.domain,
        reporter=report.reporter,
        report_id=report.report_id,
        defaults={"begin_at": report.begin, "end_at": report.end, "policy": report.policy},
    )
    if is_new:
        rows = [models.DmarcRow(report=stored, **_columns(row)) for row in report.rows]
        models.DmarcRow.objects.bulk_create(rows, batch_size=1000)
    return is_new


def _columns(row: Row) -> dict[str, object]:
    return asdict(row) | {"reasons": list(row.reasons)}


def _store_tls(workspace: Workspace, report: TlsReport) -> bool:
    _, is_new = models.TlsReport.objects.get_or_create(
        workspace=workspace,
        domain=report.domain,
        reporter=report.reporter,
        report_id=report.report_id,
        defaults={
            "begin_at": report.begin,
            "end_at": report.end,
            "successes": sum(policy.successes for policy in report.policies),
            "failures": sum(policy.failures for policy in report.policies),
            "details": [asdict(detail) for policy in report.policies for detail in policy.details],
        },
    )
    return is_new


def _of_period(workspace: Workspace, domain: str, days: int) -> dict[str, Any]:
    return {"workspace": workspace, "domain": domain, "end_at__gt": timezone.now() - timedelta(days=days)}


def _rows(reports: QuerySet[models.DmarcReport]) -> Iterator[Row]:
    """Rows that are alike added up by the database."""
    rows = models.DmarcRow.objects.filter(report__in=reports).values(*_GROUPED).annotate(total=Sum("count"))
    for values in rows.order_by("source"):
        yield Row(
            **{name: values[name] for name in _GROUPED if name not in ("signatures", "reasons")},
            count=values["total"],
            header_from="",
            signatures=tuple(Signature(**signature) for signature in values["signatures"]),
            reasons=tuple(values["reasons"]),
        )


def _covered_days(reports: QuerySet[models.DmarcReport]) -> int:
    """From the first reported day to the last."""
    ends: dict[str, datetime | None] = reports.aggregate(first=Min("begin_at"), last=Max("end_at"))
    if ends["first"] is None or ends["last"] is None:
        return 0
    return max(1, round((ends["last"] - ends["first"]) / timedelta(days=1)))
