"""The companies of a workspace, and the alias domain that each sends under."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from postroom.domains.alias_domains import CompanyExistsError, create_company
from postroom.policy.permission import Action
from postroom.web.company import give
from postroom.web.forms import lock, stored
from postroom.web.seat import needs
from postroom.workspaces import audit
from postroom.workspaces.access import Seat, alias_domains_of
from postroom.workspaces.models import Company


class CompanyForm(forms.Form):
    """A company's name; a new one gets its alias domain by itself (B2)."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)


class KnownCompanyForm(CompanyForm):
    """And under which domain it sends."""

    def __init__(self, seat: Seat, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["alias_domain"] = forms.ModelChoiceField(
            label=_("Alias Domain"),
            required=False,
            queryset=alias_domains_of(seat.workspace),
            empty_label=_("%(name)s, the sub-domain of the workspace") % {"name": seat.workspace.subdomain},
        )


@require_safe
@needs(Action.SEE_SETTINGS)
def company_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    companies = seat.workspace.companies.select_related("domain_choice__alias_domain").order_by("name")
    rows = [(company, _domain_of(company)) for company in companies]
    return render(request, "web/companies.html", {"rows": rows, "subdomain": seat.workspace.subdomain})


@needs(Action.CHANGE_SETTINGS)
def new_company(request: HttpRequest, seat: Seat) -> HttpResponse:
    form = CompanyForm(request.POST or None)
    if form.is_valid() and stored(form, lambda: _create(seat, form.cleaned_data["name"])):
        messages.success(request, _("%(name)s is saved.") % form.cleaned_data)
        return redirect("companies")
    return render(request, "web/company.html", {"form": form, "title": _("New company"), "may_change": True})


@needs(Action.SEE_SETTINGS)
def company_page(request: HttpRequest, seat: Seat, company_id: int) -> HttpResponse:
    company = get_object_or_404(seat.workspace.companies, pk=company_id)
    domain, may_change = _domain_of(company), seat.may(Action.CHANGE_SETTINGS)
    form = KnownCompanyForm(
        seat, request.POST or None, initial={"name": company.name, "alias_domain": domain and domain.pk}
    )
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if form.is_valid() and stored(form, lambda: _change(seat, company, form.cleaned_data)):
            messages.success(request, _("%(name)s is saved.") % form.cleaned_data)
            return redirect("companies")
    if not may_change:
        lock(form)
    context = {"form": form, "title": company.name, "domain": domain, "may_change": may_change}
    return render(request, "web/company.html", context)


def _domain_of(company: Company) -> Any:
    return company.domain_choice.alias_domain if hasattr(company, "domain_choice") else None


@transaction.atomic
def _create(seat: Seat, name: str) -> None:
    company = create_company(seat.workspace, name)
    audit.record_change(company, workspace=seat.workspace, by=seat.user, before=None)


def _change(seat: Seat, company: Company, wanted: dict[str, Any]) -> None:
    others = seat.workspace.companies.exclude(pk=company.pk)
    if others.filter(name__iexact=wanted["name"]).exists():
        raise CompanyExistsError(field="name")
    with audit.noting(company, workspace=seat.workspace, by=seat.user):
        company.name = wanted["name"]
        company.save(update_fields=["name"])
        if wanted["alias_domain"] != _domain_of(company):
            give(seat, company, wanted["alias_domain"])
