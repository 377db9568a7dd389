"""How does mail come back to us, which way is the right one, and does each address work?"""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from postroom.errors import PostroomError
from postroom.inbound.probes import Need, Proof, needs, send_probe
from postroom.policy.permission import Action
from postroom.web import seat as seats
from postroom.web.http import words_of
from postroom.web.vocabulary import Term
from postroom.workspaces.access import Seat
from postroom.workspaces.models import Workspace

PROOFS = {
    Proof.NOT_TESTED: Term(gettext_lazy("not tested"), "circle-dashed", "grey"),
    Proof.WAITING: Term(gettext_lazy("on its way"), "loader-2", "blue"),
    Proof.VALID: Term(gettext_lazy("works"), "circle-check", "green"),
    Proof.INVALID: Term(gettext_lazy("does not work"), "circle-x", "red"),
}
USES = {
    "bounce": gettext_lazy("delivery errors"),
    "catchall": gettext_lazy("answers"),
    "alias": gettext_lazy("an alias"),
    "default_from": gettext_lazy("answers to notifications"),
    "reports": gettext_lazy("DMARC and TLS reports"),
}


@dataclass(frozen=True, slots=True)
class AddressRow:
    """An address; `redirect_to` is where its domain's server may send its mail on to, "" at the sub-domain itself."""

    need: Need
    use: Promise | str
    state: Term
    redirect_to: str


@require_safe
@seats.needs(Action.SEE_SETTINGS)
def receiving(request: HttpRequest, seat: Seat) -> HttpResponse:
    rows = [_row(seat.workspace, need) for need in needs(seat.workspace)]
    is_waiting = any(row.need.proof is Proof.WAITING for row in rows)
    context = {"rows": rows, "is_waiting": is_waiting, "subdomain": seat.workspace.subdomain}
    part = "web/_proofs.html" if "HX-Request" in request.headers else "web/receiving.html"
    return render(request, part, context)


@require_POST
@seats.needs(Action.CHANGE_SETTINGS)
def probe(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Send a mail to the address that the button names; to all of them where it names none."""
    chosen = request.POST.get("address") or ""
    sent = 0
    try:
        for address in [chosen] if chosen else [need.address for need in needs(seat.workspace)]:
            send_probe(seat.workspace, address)
            sent += 1
    except PostroomError as error:
        messages.error(request, words_of(error))
    if sent:
        words = ngettext(
            "%(n)s mail is on its way, and must come back.", "%(n)s mails are on their way, and must come back.", sent
        )
        messages.success(request, words % {"n": sent})
    return redirect("receiving")


def _row(workspace: Workspace, need: Need) -> AddressRow:
    local_part = need.address.partition("@")[0]
    redirect_to = f"{local_part}@{workspace.subdomain}" if need.needs_set_up else ""
    return AddressRow(need, USES.get(need.use, need.use), PROOFS[need.proof], redirect_to)
