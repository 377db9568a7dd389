"""The e-mails of a workspace: a list, and one with its deliveries and its trace."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from postroom.outbound import search
from postroom.policy.permission import Action
from postroom.policy.status import Status
from postroom.web.http import download
from postroom.web.lists import chips
from postroom.web.seat import needs
from postroom.web.vocabulary import STATES
from postroom.workspaces.access import Seat


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    status = forms.TypedChoiceField(
        choices=[(status.value, status.value) for status in Status], coerce=Status, empty_value=None, required=False
    )
    text = forms.CharField(max_length=320, required=False)
    before = forms.UUIDField(required=False)


@require_safe
@needs(Action.SEE_MAIL)
def message_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    chosen = ListFilter(request.GET)
    chosen.is_valid()
    status, text, before = (chosen.cleaned_data.get(name) for name in ("status", "text", "before"))
    states = [(str(status), term.word, term.icon) for status, term in STATES.items()]
    context = {
        "page": search.list_messages(seat.workspace, status=status, text=text or "", before=before),
        "chips": chips(request, "status", [("", _("all"), ""), *states]),
        "status": status,
        "text": text,
        "is_filtered": bool(status or text or before),
        "installation": settings.POSTROOM,
    }
    return render(request, "web/messages.html", context)


@require_safe
@needs(Action.SEE_MAIL)
def message(request: HttpRequest, seat: Seat, message_id: UUID) -> HttpResponse:
    found = search.find_message(seat.workspaces, message_id)
    if found is None:
        raise Http404
    return render(request, "web/message.html", {"message": found, "head": found.head.decode("utf-8", "replace")})


@require_safe
@needs(Action.SEE_MAIL)
def raw_message(request: HttpRequest, seat: Seat, message_id: UUID) -> HttpResponse:
    raw = search.read_message(seat.workspaces, message_id)
    if raw is None:
        raise Http404
    return download(raw, f"{message_id}.eml", "message/rfc822")
