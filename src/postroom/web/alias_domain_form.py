"""How is an alias domain filled in, which addresses does that make, and who holds one of them already?"""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.claims import why_taken
from postroom.domains.local_part import sanitise_local_part
from postroom.domains.models import AliasDomain, CompanyAliasDomain
from postroom.errors import PostroomError
from postroom.rfc.address import domain_to_ascii, parse_mailbox
from postroom.web.company import give
from postroom.web.http import words_of
from postroom.workspaces import audit
from postroom.workspaces.access import Seat

ALIASES: dict[str, Promise | str] = {
    "bounce": gettext_lazy("Bounce Alias"),
    "catchall": gettext_lazy("Catchall Alias"),
    "default_from": gettext_lazy("Default From Alias"),
}
LABELS = {"name": gettext_lazy("Domain"), "priority": gettext_lazy("Priority"), **ALIASES}
HINTS = {
    "name": gettext_lazy(
        "Such as company-name.com; it must be yours. Its DNS needs records, which its page shows once it is saved."
    ),
    "priority": gettext_lazy("A new company gets the alias domain with the lowest."),
    "bounce": gettext_lazy(
        "Delivery errors return to it. It needs a mailbox or a redirection at the domain's mail server."
    ),
    "catchall": gettext_lazy("Answers come to it. It needs a mailbox or a redirection too."),
    "default_from": gettext_lazy("Before the @, or a complete address: then all outgoing mail is from it."),
}
# What the page shows of the addresses follows the typing.
LIVE = {
    "hx-get": "",
    "hx-trigger": "input changed delay:400ms",
    "hx-target": "#addresses",
    "hx-include": "closest form",
}


@dataclass(frozen=True, slots=True)
class AddressRow:
    """An address that an alias makes; `fault` says why it cannot be."""

    label: str
    address: str
    fault: str = ""


class AliasDomainForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """An alias domain with the companies that send under it."""

    class Meta:
        model = AliasDomain
        fields = ("name", "priority", *ALIASES)
        labels = LABELS
        help_texts = HINTS

    def __init__(self, seat: Seat, *args: Any, live: str, **kwargs: Any) -> None:
        """`live` is the address that shows what is being typed."""
        super().__init__(*args, **kwargs)
        self._seat = seat
        for name in ("name", *ALIASES):
            self.fields[name].widget.attrs |= {**LIVE, "hx-get": live, "autocomplete": "off", "spellcheck": "false"}
        using = CompanyAliasDomain.objects.filter(alias_domain=self.instance.pk or 0)
        self.fields["companies"] = forms.ModelMultipleChoiceField(
            label=_("Companies"),
            required=False,
            queryset=seat.workspace.companies.order_by("name"),
            widget=forms.CheckboxSelectMultiple,
            initial=list(using.values_list("company", flat=True)),
        )

    @transaction.atomic
    def store(self) -> None:
        """Raises what `save_alias_domain` raises."""
        domain: AliasDomain = self.instance
        with audit.noting(domain, workspace=domain.workspace, by=self._seat.user):
            save_alias_domain(domain)
        wanted = list(self.cleaned_data["companies"])
        now = {choice.company for choice in domain.company_choices.select_related("company")}
        for company in wanted:
            if company not in now:
                give(self._seat, company, domain)
        if "companies" in self.changed_data:  # the first alias domain is given to all that chose nothing (B2)
            for company in now - set(wanted):
                give(self._seat, company, None)


def address_rows(domain: AliasDomain) -> list[AddressRow]:
    """The addresses as they would be stored, for a domain with whatever was typed in its fields."""
    return [_row(domain, use) for use in ALIASES]


def _row(domain: AliasDomain, use: str) -> AddressRow:
    label, typed = str(ALIASES[use]), getattr(domain, use)
    try:
        if use == "default_from" and "@" in typed:
            address = parse_mailbox(typed).address
        else:
            address = f"{sanitise_local_part(typed)}@{domain_to_ascii(domain.name)}"
    except PostroomError as error:
        return AddressRow(label, "", words_of(error))
    return AddressRow(label, address, "" if use == "default_from" else why_taken(address, use, domain))
