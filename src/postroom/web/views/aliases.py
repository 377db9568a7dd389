"""The aliases: which addresses take mail in, who may write to them, and what their mail does."""

from copy import copy
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from postroom.domains.aliases import remove_alias, save_alias
from postroom.domains.local_part import LocalPartError, sanitise_local_part
from postroom.domains.models import Alias
from postroom.inbound.impact import impact_of
from postroom.policy.permission import Action
from postroom.web.forms import Confirmation, lock, stored
from postroom.web.http import words_of
from postroom.web.impact_words import impact_sentences
from postroom.web.seat import needs
from postroom.web.vocabulary import ALIAS_POLICIES, ALIAS_STATUSES
from postroom.workspaces import audit
from postroom.workspaces.access import Seat, alias_domains_of

LABELS = {
    "local_part": gettext_lazy("Alias"),
    "alias_domain": gettext_lazy("Alias Domain"),
    "further_domains": gettext_lazy("Takes mail in at these domains, too"),
    "record_type": gettext_lazy("Creates records of the type"),
    "forced_record": gettext_lazy("All mail goes to the record with the id"),
    "defaults": gettext_lazy("Values of the records it creates, as JSON"),
    "refusal": gettext_lazy("What is told to whom the policy refuses"),
    "matches_local_part": gettext_lazy("Takes in mail for this local part at other domains as well"),
}
HINTS = {
    "local_part": gettext_lazy("What stands before the @."),
    "record_type": gettext_lazy("As an application registered it, such as crm.lead. Empty: none."),
    "forced_record": gettext_lazy("Empty: each mail creates one."),
    "refusal": gettext_lazy("Empty: the usual words."),
    **dict.fromkeys(("alias_domain", "further_domains", "defaults", "matches_local_part"), ""),
}
WIDGETS = {
    "further_domains": forms.SelectMultiple(attrs={"size": 4}),
    "defaults": forms.Textarea(attrs={"rows": 3}),
    "refusal": forms.Textarea(attrs={"rows": 3}),
}


class AliasForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """An alias with its policy."""

    policy = forms.ChoiceField(label=gettext_lazy("Who may write to it"), choices=list(ALIAS_POLICIES.items()))

    class Meta:
        model = Alias
        fields = (
            "local_part", "alias_domain", "further_domains", "matches_local_part", "record_type", "forced_record",
            "defaults", "policy", "refusal",
        )  # fmt: skip
        labels = LABELS
        help_texts = HINTS
        widgets = WIDGETS

    def __init__(self, seat: Seat, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seat = seat
        own = self.fields["alias_domain"]
        own.empty_label = seat.workspace.subdomain  # type: ignore[attr-defined] # a choice of rows
        for name in ("alias_domain", "further_domains"):
            self.fields[name].queryset = alias_domains_of(seat.workspace)  # type: ignore[attr-defined]

    def clean_local_part(self) -> str:
        """As it will be stored, so that what a change gives up is told of the right address."""
        try:
            return sanitise_local_part(self.cleaned_data["local_part"])
        except LocalPartError as error:
            raise forms.ValidationError(words_of(error)) from error

    def clean_defaults(self) -> dict[str, Any]:
        value = self.cleaned_data["defaults"] or {}
        if not isinstance(value, dict):
            raise forms.ValidationError(_('Write a JSON object, such as {"team": 2}.'))
        return value

    def impact_on(self, before: Alias) -> list[str]:
        """A sentence for each address that the valid form takes from the stored alias."""
        further = self.cleaned_data["further_domains"]
        return impact_sentences(impact_of(before, self.instance, further_domains=further))

    def store(self) -> None:
        """Raises what `save_alias` raises."""
        alias: Alias = self.instance
        with audit.noting(alias, workspace=self._seat.workspace, by=self._seat.user):
            save_alias(alias, further_domains=self.cleaned_data["further_domains"])


@require_safe
@needs(Action.SEE_SETTINGS)
def alias_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    aliases = seat.workspace.aliases.filter(removed_at=None).select_related("alias_domain", "workspace")
    rows = [
        (alias, ALIAS_POLICIES[alias.policy], ALIAS_STATUSES[alias.status])
        for alias in aliases.order_by("local_part", "pk")
    ]
    return render(request, "web/aliases.html", {"rows": rows})


@needs(Action.CHANGE_SETTINGS)
def new_alias(request: HttpRequest, seat: Seat) -> HttpResponse:
    domain = alias_domains_of(seat.workspace).first()
    # What the database would fill in has no form before it is stored.
    alias = Alias(workspace=seat.workspace, alias_domain=domain, record_type="", refusal="")
    return _form_page(request, seat, alias)


@needs(Action.SEE_SETTINGS)
def alias_page(request: HttpRequest, seat: Seat, alias_id: int) -> HttpResponse:
    return _form_page(request, seat, _find(seat, alias_id))


@needs(Action.CHANGE_SETTINGS)
def remove(request: HttpRequest, seat: Seat, alias_id: int) -> HttpResponse:
    alias = _find(seat, alias_id)
    form = Confirmation(request.POST or None, phrase=alias.local_part)
    if form.is_valid():
        with transaction.atomic():
            audit.record_removal(alias, workspace=seat.workspace, by=seat.user)
            remove_alias(alias)
        messages.success(request, _("%(name)s is removed.") % {"name": alias.address})
        return redirect("aliases")
    context = {
        "form": form,
        "title": _("Remove %(name)s") % {"name": alias.address},
        "consequence": _("What still comes to its addresses is routed as before. To undo it, make the alias again."),
        "facts": impact_sentences(impact_of(alias, None)),
        "action": _("Remove"),
        "back": reverse("alias", args=[alias.pk]),
    }
    return render(request, "web/confirm.html", context)


def _find(seat: Seat, alias_id: int) -> Alias:
    found = get_object_or_404(seat.workspace.aliases.select_related("alias_domain"), pk=alias_id, removed_at=None)
    found.workspace = seat.workspace
    return found


def _form_page(request: HttpRequest, seat: Seat, alias: Alias) -> HttpResponse:
    title, may_change = alias.address if alias.pk else _("New alias"), seat.may(Action.CHANGE_SETTINGS)
    form = AliasForm(seat, request.POST or None, instance=copy(alias))
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    is_asked = alias.pk and form.is_valid() and "confirmed" not in request.POST
    counts = form.impact_on(alias) if is_asked else []
    if form.is_valid() and not counts and stored(form, form.store):
        messages.success(request, _("%(name)s is saved.") % {"name": form.instance.address})
        return redirect("aliases")
    if not may_change:
        lock(form)
    context = {
        "form": form,
        "counts": counts,
        "title": title,
        "action": _("Save"),
        "parent": {"url": reverse("aliases"), "title": _("Aliases")},
        "remove_url": reverse("alias-remove", args=[alias.pk]) if alias.pk and may_change else "",
        "read_only": not may_change,
    }
    return render(request, "web/form_page.html", context)
