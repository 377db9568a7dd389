"""Which incoming mails are DMARC or TLS reports on our domains, sent where our DNS records ask for them?"""

import re

import structlog
from django.db import transaction

from postroom.domains.reports import ForeignReportError, store_report
from postroom.errors import ReportSyntaxError, ReportTooLargeError
from postroom.inbound.incoming import Incoming, Settled
from postroom.inbound.models import State

log = structlog.get_logger()
# receiver!domain!begin!end.xml.gz and the like (RFC 7489 §7.2.1.1, RFC 8460 §5.1); some leave the name to the subject.
_FILE_NAME = re.compile(r"[^!]+![^!]+!\d+!\d+.*", re.DOTALL)
_SUBJECT = re.compile(r"\s*Report Domain:", re.IGNORECASE)


def settle_published_report(mail: Incoming) -> Settled | None:
    """The report is kept for `postroom domain reports`; one on nobody's domain here stays a mail like any other."""
    if mail.workspace is None:
        return None
    is_named = "tls-report-domain" in mail.fields or _SUBJECT.match(mail.letter.subject) is not None
    files = [file.content for file in mail.letter.files if is_named or _FILE_NAME.fullmatch(file.filename)]
    outcomes = [outcome for content in files if (outcome := _store(mail, content)) is not None]
    if not outcomes:
        return None
    return Settled(State.HANDLED, "It is a report on our domains." if any(outcomes) else "Its report is here already.")


def _store(mail: Incoming, content: bytes) -> bool | None:
    """Whether it is new; None: no report on a domain of ours."""
    if mail.workspace is None:
        return None
    try:
        with transaction.atomic():
            return store_report(mail.workspace, content)
    except (ReportSyntaxError, ReportTooLargeError, ForeignReportError) as error:
        log.info("incoming.no_report", incoming=mail.row.pk, error=error.code)
        return None
