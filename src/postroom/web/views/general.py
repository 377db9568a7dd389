"""What holds for the whole workspace, and under which domain the company looked at sends."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from postroom.policy.permission import Action
from postroom.web.company import company_of
from postroom.web.forms import lock, stored
from postroom.web.general_form import CHOICES, DAYS, SWITCHES, TIMES, GeneralForm
from postroom.web.seat import needs
from postroom.workspaces.access import Seat, alias_domains_of


@needs(Action.SEE_SETTINGS)
def general(request: HttpRequest, seat: Seat) -> HttpResponse:
    company, may_change = company_of(request, seat), seat.may(Action.CHANGE_SETTINGS)
    form = GeneralForm(seat, company, request.POST or None)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if form.is_valid() and stored(form, form.store):
            messages.success(request, _("The settings are saved."))
            return redirect("general")
    if not may_change:
        lock(form)
    domains = list(alias_domains_of(seat.workspace))
    context = {
        "form": form,
        "company": company,
        "domains": domains,
        "domain": next((domain for domain in domains if domain.name == form.initial["alias_domain"]), None),
        "choices": [form[name] for name in CHOICES],
        "switches": [form[name] for name in SWITCHES],
        "times": [form[name] for name in TIMES],
        "kept": [form[name] for name in DAYS],
        "may_change": may_change,
        "daily_limit": seat.workspace.default_server_daily_limit,
    }
    return render(request, "web/general.html", context)
