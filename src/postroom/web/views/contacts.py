"""Who is outside: the contacts, where they take part, and whether mail reaches them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from postroom.outbound import suppressions
from postroom.outbound.models import Suppression
from postroom.policy.permission import Action
from postroom.policy.suppression import DEAD_THRESHOLD, MASS_THRESHOLD
from postroom.threads.models import Contact
from postroom.web.seat import needs
from postroom.workspaces.access import Seat

PAGE_SIZE = 50
# Of the score, below which nothing is shown: an old fault that has all but lost its weight.
FORGOTTEN = 0.05


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    text = forms.CharField(max_length=320, required=False)
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A contact. `score`: what its servers' refusals weigh now, 0 for nothing; it decays by itself."""

    contact: Contact
    score: float
    suppression: Suppression | None


@require_safe
@needs(Action.SEE_CONVERSATIONS)
def contact_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    form = ListFilter(request.GET)
    form.is_valid()
    text, before = form.cleaned_data.get("text", ""), form.cleaned_data.get("before")
    found = seat.workspace.contacts.order_by("-pk")
    if text:
        found = found.filter(Q(address__icontains=text) | Q(name__icontains=text))
    contacts = list((found.filter(pk__lt=before) if before else found)[: PAGE_SIZE + 1])
    context = {
        "rows": list(_rows(seat, contacts[:PAGE_SIZE])),
        "older": contacts[PAGE_SIZE - 1].pk if len(contacts) > PAGE_SIZE else None,
        "text": text,
        "mass_threshold": MASS_THRESHOLD,
        "dead_threshold": DEAD_THRESHOLD,
    }
    return render(request, "web/contacts.html", context)


def _rows(seat: Seat, contacts: Sequence[Contact]) -> Iterator[ContactRow]:
    addresses = [contact.address for contact in contacts]
    scores = suppressions.scores(seat.workspace, addresses, now=timezone.now())
    listed = suppressions.find(seat.workspace, addresses=addresses) if addresses else ()
    by_address = {row.address: row for row in listed}
    for contact in contacts:
        score = scores.get(contact.address, 0)
        yield ContactRow(contact, score if score >= FORGOTTEN else 0, by_address.get(contact.address))
