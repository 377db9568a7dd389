"""For which company does a person look at settings, the one chosen at the top or the first, and under what domain?"""

from collections.abc import Sequence

from django.db import transaction
from django.http import HttpRequest

from postroom.domains.alias_domains import assign
from postroom.domains.models import AliasDomain, CompanyAliasDomain
from postroom.workspaces import audit
from postroom.workspaces.access import Seat
from postroom.workspaces.models import Company

PARAMETER = "company"
_COMPANIES = "postroom.companies"


def companies(request: HttpRequest, seat: Seat) -> Sequence[Company]:
    """Those of the workspace in the order of their making; one query a request."""
    if _COMPANIES not in request.META:
        request.META[_COMPANIES] = list(seat.workspace.companies.order_by("pk"))
    found: Sequence[Company] = request.META[_COMPANIES]
    return found


def company_of(request: HttpRequest, seat: Seat) -> Company | None:
    """A form's own, so that a second window does not change what it is about; else the chosen one, which is kept."""
    by_key = {str(company.pk): company for company in companies(request, seat)}
    if (key := request.GET.get(PARAMETER)) in by_key and key != request.session.get(PARAMETER):
        request.session[PARAMETER] = key
    kept = request.session.get(PARAMETER, "")
    first = next(iter(by_key.values()), None)
    return by_key.get(request.POST.get(PARAMETER, "")) or by_key.get(key or "") or by_key.get(kept) or first


@transaction.atomic
def give(seat: Seat, company: Company, domain: AliasDomain | None) -> None:
    """Let the company send under the domain, None: the workspace's sub-domain, and note that."""
    found = CompanyAliasDomain.objects.filter(company=company).first()
    if domain is None and found is not None:
        audit.record_removal(found, workspace=seat.workspace, by=seat.user)
    before = audit.snapshot(found) if found else None
    assign(company, domain)
    if domain is not None:
        now = CompanyAliasDomain.objects.get(company=company)
        audit.record_change(now, workspace=seat.workspace, by=seat.user, before=before)
