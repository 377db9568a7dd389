"""How does whoever looks after a domain's DNS learn what must change? By a mail with the exact records."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils import translation

from postroom.domains.models import AliasDomain, DomainCheck
from postroom.outbound.submit import Queued, Submission, submit
from postroom.policy.composition import Draft
from postroom.policy.dns.writing import letter
from postroom.workspaces.access import company_of
from postroom.workspaces.language import told


def send_records(check: DomainCheck, draft: Draft, *, source: str, language: str = "en") -> Queued:
    """Send what `check` found missing or wrong; `draft` says to whom, and who asks (None: the system)."""
    subject, text = letter_in(language, check.report)
    return send_dns_letter(check.alias_domain, replace(draft, subject=subject, text=text), source=source)


def letter_in(language: str, report: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and text of the letter, of what a check found."""
    with translation.override(language):
        return letter(report, told)


def send_dns_letter(domain: AliasDomain, draft: Draft, *, source: str) -> Queued:
    """Send a letter that is written already."""
    return submit([Submission(content=draft, company=company_of(domain.workspace, None), source=source)])[0]
