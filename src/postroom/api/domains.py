"""What do receivers see of our alias domains, as a program asks: records to publish, checks, reports?"""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from postroom.api.answers import tell_impact, write_accepted
from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.api.schemas import Accepted, Address, Addresses, ImpactList, Language, RequestBody
from postroom.domains.models import AliasDomain, DomainCheck
from postroom.domains.reports import KEPT_FOR, summarise_dmarc, summarise_tls
from postroom.domains.resolver import Resolver
from postroom.inbound.impact import impact_of
from postroom.outbound.dns_letter import letter_in, send_records
from postroom.policy.composition import read_draft
from postroom.policy.dns.findings import Purpose, Record, Verdict
from postroom.policy.dns.report_telling import tell_summary
from postroom.policy.dns.writing import told_records, zone_file, zone_line
from postroom.rfc.address import domain_to_ascii
from postroom.servers.domain_health import check_domain, newest_check
from postroom.workspaces.access import alias_domains_of

router = Router(tags=["domains"], by_alias=True)


class DomainSummary(BaseModel):
    """An alias domain, with what the last check said."""

    name: Annotated[str, Field(description="In A-labels")]
    bounce: str
    catchall: str
    default_from: str
    verdict: Annotated[Verdict | None, Field(description="null: not checked yet")]
    checked_at: datetime | None


class DomainList(BaseModel):
    """The workspace's alias domains in the order of their priority."""

    domains: list[DomainSummary]


class FindingOut(BaseModel):
    """A record as it should be, beside what DNS holds."""

    purpose: Purpose
    name: str
    type: str
    verdict: Verdict
    expected: Annotated[str, Field(description="“” where only the provider's console knows it")]
    found: list[str]
    change: Annotated[str, Field(description="What to do; “” for nothing")]
    words: str
    remarks: Annotated[list[dict[str, str]], Field(description="verdict, code (stable) and words of each")]
    dnssec: Annotated[bool, Field(description="Whether the resolver vouches for the answer")]
    servers: Annotated[list[str], Field(description="Whose mail needs it; none: the domain itself")] = []


class StandingOut(BaseModel):
    """How the mail of one server fares at receivers; spf and dkim pass only where they align with the From."""

    server: str
    from_domain: str
    spf_domain: str
    dkim_domain: str
    spf: Annotated[str, Field(description="pass, fail or unclear, as the next two")]
    dkim: str
    dmarc: str
    words: str
    is_captured: Annotated[bool, Field(description="It ends in the capture server, so that no receiver judges it")] = (
        False
    )


class LadderStepOut(BaseModel):
    """A step of the DMARC policy, for this domain."""

    policy: str
    record: Annotated[str, Field(description="The text that takes the step")]
    changes: str
    before: Annotated[str, Field(description="What must be so first")]
    is_present: Annotated[bool, Field(description="Whether receivers act by it now")]


class CheckOut(BaseModel):
    """What DNS held at one moment."""

    domain: str
    checked_at: datetime
    verdict: Verdict
    findings: list[FindingOut]
    servers: list[StandingOut]
    addresses: Annotated[list[dict[str, str]], Field(description="address and purpose of what must receive mail")]
    next_policy: Annotated[dict[str, str] | None, Field(description="The next step of DMARC: policy, changes, before")]
    ladder: Annotated[list[LadderStepOut], Field(description="Every step of DMARC, the mildest first")] = []


class RecordOut(BaseModel):
    """A record to publish."""

    purpose: Purpose
    name: str
    type: str
    value: str
    zone_line: Annotated[str, Field(description="The same for a zone file; several lines for several MX")]


class RecordList(BaseModel):
    """What to publish, SPF merged into the present record."""

    records: list[RecordOut]
    zone_file: str
    letter: Annotated[dict[str, str], Field(description="subject and text of a mail to whoever looks after the DNS")]


class Period(BaseModel):
    """Which reports to add up."""

    days: Annotated[int, Field(ge=1, le=KEPT_FOR.days, description="So many days back; absent: 30")] = 30


class ChangeIn(RequestBody):
    """A change of a domain that is thought of; what is absent stays."""

    name: Annotated[str | None, Field(min_length=1, max_length=253)] = None
    bounce: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    catchall: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    default_from: Annotated[str | None, Field(min_length=1, max_length=320)] = None
    remove: bool = False


class LetterIn(RequestBody):
    """To whom the records are mailed, and from whom."""

    to: Annotated[Addresses, Field(description="Who looks after the domain's DNS")]
    from_: Annotated[Address, Field(alias="from", description="Who asks; absent: the system")] = None
    language: Annotated[Language, Field(description="Of the letter")] = "en"


class ReportsOut(BaseModel):
    """What receivers and senders report of a domain; docs/domains.md describes both."""

    dmarc: dict[str, Any]
    tls: dict[str, Any]


@router.get("", response={200: DomainList, **REFUSED}, summary="List alias domains")
def list_domains(request: KeyRequest) -> dict[str, Any]:
    """Each with the verdict of its last check."""
    return {"domains": [_tell_domain(domain) for domain in alias_domains_of(request.auth.workspace)]}


@router.get("/{name}/check", response={200: CheckOut, **REFUSED}, summary="See the last check of a domain")
def get_check(request: KeyRequest, name: str) -> dict[str, Any]:
    """Domains are checked daily and within minutes of a change."""
    return _tell_check(_last_check(_find(request, name)))


@router.post("/{name}/check", response={200: CheckOut, **REFUSED}, summary="Check a domain now")
def post_check(request: KeyRequest, name: str) -> dict[str, Any]:
    """Asks DNS, which takes some seconds."""
    return _tell_check(_check_now(_find(request, name)))


@router.get("/{name}/records", response={200: RecordList, **REFUSED}, summary="See the records to publish")
def get_records(request: KeyRequest, name: str, language: Language = "en") -> dict[str, Any]:
    """As of the last check, for SPF depends on the record that is there."""
    told = _last_check(_find(request, name)).report
    records = told_records(told)
    subject, text = letter_in(language, told)
    return {
        "records": [_tell_record(record) for record in records],
        "zone_file": zone_file(records),
        "letter": {"subject": subject, "text": text},
    }


@router.post(
    "/{name}/letter", response={202: Accepted, **REFUSED}, summary="Mail the records to whoever looks after DNS"
)
def post_letter(request: KeyRequest, name: str, addressed: LetterIn) -> HttpResponse:
    """What the last check found missing or wrong, with the exact change of each; GET …/records shows the text."""
    check = _last_check(_find(request, name))
    draft = read_draft(addressed.model_dump(by_alias=True, exclude={"language"}))
    queued = send_records(check, draft, source="http", language=addressed.language)
    return HttpResponse(write_accepted(queued), content_type="application/json", status=202)


@router.post("/{name}/impact", response={200: ImpactList, **REFUSED}, summary="Ask what a change would affect")
def post_impact(request: KeyRequest, name: str, change: ChangeIn) -> dict[str, Any]:
    """Open threads and unsent mail by each address that the domain would give up; nothing is changed."""
    before, after = _find(request, name), _find(request, name)
    for field, value in change.model_dump(exclude_none=True, exclude={"remove"}).items():
        setattr(after, field, value)
    return tell_impact(impact_of(before, None if change.remove else after))


@router.get("/{name}/reports", response={200: ReportsOut, **REFUSED}, summary="See what receivers report")
def get_reports(request: KeyRequest, name: str, period: Query[Period]) -> dict[str, Any]:
    """Who sends in the domain's name, what passes, and what to correct before the policy is tightened."""
    domain = _find(request, name)
    dmarc = summarise_dmarc(domain.workspace, domain.name, days=period.days)
    return {"dmarc": tell_summary(dmarc), "tls": asdict(summarise_tls(domain.workspace, domain.name, days=period.days))}


def _find(request: KeyRequest, name: str) -> AliasDomain:
    domains = alias_domains_of(request.auth.workspace).select_related("workspace")
    found = domains.filter(name=domain_to_ascii(name)).first()
    if found is None:
        raise NotFoundError("This workspace has no such alias domain.")
    return found


def _last_check(domain: AliasDomain) -> DomainCheck:
    return newest_check(domain) or _check_now(domain)


def _check_now(domain: AliasDomain) -> DomainCheck:
    check_domain(domain, Resolver(settings.POSTROOM.resolver))
    return domain.checks.latest("checked_at", "pk")


def _tell_domain(domain: AliasDomain) -> dict[str, Any]:
    check = newest_check(domain)
    return {
        "name": domain.name,
        "bounce": domain.bounce,
        "catchall": domain.catchall,
        "default_from": domain.default_from,
        "verdict": check.verdict if check else None,
        "checked_at": check.checked_at if check else None,
    }


def _tell_check(check: DomainCheck) -> dict[str, Any]:
    return {**check.report, "checked_at": check.checked_at}


def _tell_record(record: Record) -> dict[str, str]:
    return {**asdict(record), "zone_line": zone_line(record)}
