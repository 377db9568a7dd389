"""Which addresses may this workspace's mail come from, to be allowed at the mail provider (requirement B6)?"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from postroom.domains.senders import as_value, subdomain_of
from postroom.mailings.models import Template
from postroom.outbound.campaigns import addresses_of_campaigns
from postroom.policy.identity import AliasDomain
from postroom.policy.permission import Action, Role
from postroom.web.seat import needs
from postroom.workspaces.access import Seat, alias_domains_of


@dataclass(frozen=True, slots=True)
class AddressRow:
    """An address and what mail comes from it."""

    address: str
    use: str


@require_safe
@needs(Action.SEE_SETTINGS)
def local_parts(request: HttpRequest, seat: Seat) -> HttpResponse:
    rows = list(_rows(seat))
    all_of_them = "\n".join(dict.fromkeys(row.address for row in rows))
    return render(request, "web/local_parts.html", {"rows": rows, "all": all_of_them})


def _rows(seat: Seat) -> Iterator[AddressRow]:
    """Those of the sub-domain too: a company without an alias domain sends under it."""
    for domain in (*map(as_value, alias_domains_of(seat.workspace)), subdomain_of(seat.workspace)):
        yield from _of_domain(domain)
    administrators = seat.workspace.memberships.filter(role__in=[Role.OWNER, Role.ADMINISTRATOR])
    for email in administrators.order_by("user__email").values_list("user__email", flat=True):
        yield AddressRow(email, _("An administrator of the workspace"))
    for address in addresses_of_campaigns(seat.workspace):
        yield AddressRow(address, _("From of a mailing that was sent"))
    templates = Template.objects.filter(workspace=seat.workspace).exclude(header_from="").order_by("name")
    for name, header_from in templates.values_list("name", "header_from"):
        yield AddressRow(header_from, _("From of the template “%(name)s”") % {"name": name})


def _of_domain(domain: AliasDomain) -> Iterator[AddressRow]:
    default_from = domain.default_from if "@" in domain.default_from else f"{domain.default_from}@{domain.name}"
    yield AddressRow(f"{domain.bounce}@{domain.name}", _("Bounce Alias: the return path of mail"))
    yield AddressRow(default_from, _("Default From Alias: notifications, and the From that replaces others"))
