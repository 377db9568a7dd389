"""The alias domains: in whose name mail is sent, where its errors and answers go, and what a change would do."""

from copy import copy
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from postroom.domains.alias_domains import remove_alias_domain
from postroom.domains.models import AliasDomain, DomainCheck
from postroom.errors import PostroomError
from postroom.inbound.impact import impact_of
from postroom.policy.permission import Action
from postroom.web.alias_domain_form import ALIASES, AliasDomainForm, address_rows
from postroom.web.forms import Confirmation, lock, stored
from postroom.web.http import words_of
from postroom.web.impact_words import impact_sentences
from postroom.web.seat import needs
from postroom.web.vocabulary import DNS_VERDICTS
from postroom.workspaces import audit
from postroom.workspaces.access import Seat, alias_domains_of


@require_safe
@needs(Action.SEE_SETTINGS)
def alias_domain_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    domains = list(alias_domains_of(seat.workspace).prefetch_related("company_choices__company"))
    checks = DomainCheck.objects.filter(alias_domain__in=domains).order_by("alias_domain_id", "-checked_at", "-pk")
    verdicts = {check.alias_domain_id: DNS_VERDICTS[check.verdict] for check in checks.distinct("alias_domain_id")}
    rows = [
        (domain, ", ".join(choice.company.name for choice in domain.company_choices.all()), verdicts.get(domain.pk))
        for domain in domains
    ]
    return render(request, "web/alias_domains.html", {"rows": rows, "subdomain": seat.workspace.subdomain})


@needs(Action.CHANGE_SETTINGS)
def new_alias_domain(request: HttpRequest, seat: Seat) -> HttpResponse:
    domain = AliasDomain(workspace=seat.workspace)
    form = AliasDomainForm(seat, request.POST or None, instance=domain, live=reverse("alias-domain-addresses"))
    if form.is_valid() and stored(form, form.store):
        messages.success(request, _("%(name)s is saved.") % {"name": domain.name})
        return redirect("domain-records", domain.pk)
    context = {"form": form, "addresses": _typed_rows(form), "may_change": True}
    return render(request, "web/alias_domain.html", context)


@needs(Action.SEE_SETTINGS)
def alias_domain_page(request: HttpRequest, seat: Seat, domain_id: int) -> HttpResponse:
    domain, may_change = find_domain(seat, domain_id), seat.may(Action.CHANGE_SETTINGS)
    live = f"{reverse('alias-domain-addresses')}?domain={domain.pk}"
    form = AliasDomainForm(seat, request.POST or None, instance=copy(domain), live=live)
    counts: list[str] = []
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if form.is_valid() and "confirmed" not in request.POST:
            counts = impact_sentences(impact_of(domain, form.instance))
        if form.is_valid() and not counts and stored(form, form.store):
            messages.success(request, _("%(name)s is saved.") % {"name": form.instance.name})
            return redirect("alias-domain", domain.pk)
    if not may_change:
        lock(form)
    context = {
        "domain": domain,
        "form": form,
        "addresses": _typed_rows(form),
        "counts": counts,
        "may_change": may_change,
        "retired": domain.retired.order_by("-retired_at"),
        "aliases": domain.aliases.filter(removed_at=None).order_by("local_part"),
    }
    return render(request, "web/alias_domain.html", context)


@require_safe
@needs(Action.SEE_SETTINGS)
def alias_domain_addresses(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The addresses of an alias domain that is being typed, and who else holds them."""
    key = request.GET.get("domain", "")
    known = seat.workspace.alias_domains.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 19 else None
    domain = known or AliasDomain(workspace=seat.workspace)
    for name in ("name", *ALIASES):
        setattr(domain, name, request.GET.get(name, getattr(domain, name))[:320])
    return render(request, "web/_alias_addresses.html", {"addresses": address_rows(domain) if domain.name else []})


@needs(Action.CHANGE_SETTINGS)
def remove(request: HttpRequest, seat: Seat, domain_id: int) -> HttpResponse:
    domain = find_domain(seat, domain_id)
    form = Confirmation(request.POST or None, phrase=domain.name)
    is_asked = form.is_valid() and "confirmed" not in request.POST
    facts = impact_sentences(impact_of(domain, None)) if is_asked else []
    if form.is_valid() and not facts:
        try:
            with transaction.atomic():
                audit.record_removal(domain, workspace=seat.workspace, by=seat.user)
                remove_alias_domain(domain)
        except PostroomError as error:
            messages.error(request, words_of(error))
            return redirect("alias-domain", domain_id)
        messages.success(request, _("%(name)s is removed.") % {"name": domain.name})
        return redirect("alias-domains")
    context = {
        "form": form,
        "title": _("Remove %(name)s") % {"name": domain.name},
        "consequence": _(
            "Its companies and aliases return to %(subdomain)s. What still comes to its addresses is routed as before, "
            "as long as the domain's own server passes it on. To undo it, add the domain again."
        )
        % {"subdomain": seat.workspace.subdomain},
        "facts": facts,
        "action": _("Remove"),
        "back": reverse("alias-domain", args=[domain.pk]),
    }
    return render(request, "web/confirm.html", context)


def find_domain(seat: Seat, domain_id: int) -> AliasDomain:
    """404 also for another workspace's."""
    found = get_object_or_404(seat.workspace.alias_domains, pk=domain_id)
    found.workspace = seat.workspace
    return found


def _typed_rows(form: AliasDomainForm) -> Any:
    typed = AliasDomain(pk=form.instance.pk, workspace=form.instance.workspace)
    for name in ("name", *ALIASES):
        setattr(typed, name, form[name].value() or "")
    return address_rows(typed) if typed.name else []
