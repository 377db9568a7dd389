"""The e-mails of a workspace: a list, and one with what became of it, why, and how it looks."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from postroom.capture.reading import read
from postroom.errors import PostroomError
from postroom.outbound import listing, search, steer, suppressions
from postroom.outbound.again import send_again
from postroom.outbound.listing import Wanted
from postroom.outbound.models import Message, Stream
from postroom.policy.permission import Action
from postroom.policy.status import Status
from postroom.web.http import download, words_of
from postroom.web.lists import chips, with_counts
from postroom.web.seat import needs
from postroom.web.views.capture import HTML_POLICY, with_inline_images
from postroom.web.vocabulary import STATES, STREAMS
from postroom.workspaces.access import Seat

# Only once the reader asks for it: whoever wrote the message learns that, when and where it is read.
REMOTE_IMAGES_POLICY = HTML_POLICY.replace("img-src data:", "img-src data: https: http:")


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    status = forms.TypedChoiceField(
        choices=[(status.value, status.value) for status in Status], coerce=Status, empty_value=None, required=False
    )
    stream = forms.ChoiceField(choices=Stream.choices, required=False)
    company = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    server = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    tag = forms.CharField(max_length=100, required=False)
    cause = forms.CharField(max_length=40, required=False)
    text = forms.CharField(max_length=320, required=False)
    before = forms.UUIDField(required=False)

    def read(self) -> tuple[Wanted, UUID | None]:
        """What is wanted, and where the page begins."""
        self.is_valid()
        narrowing = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        before = narrowing.pop("before", None)
        return Wanted(**narrowing), before


@require_safe
@needs(Action.SEE_MAIL)
def message_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    wanted, before = ListFilter(request.GET).read()
    counts = listing.count_by_state(seat.workspace)
    states = [(status.value, term.word, term.icon) for status, term in STATES.items()]
    context = {
        "page": listing.list_messages(seat.workspace, wanted, before=before),
        "states": with_counts(
            chips(request, "status", [("", _("all"), ""), *states]),
            [None, *map(counts.get, STATES)],
            most=listing.MOST_COUNTED,
        ),
        "streams": chips(
            request, "stream", [("", _("both"), ""), *((name, word, "") for name, word in STREAMS.items())]
        ),
        "wanted": wanted,
        "kept": [(name, value) for name, value in request.GET.items() if name in ListFilter.base_fields],
        "is_filtered": wanted != listing.ALL or before is not None,
        "is_newest": before is None and not wanted.text,
        "installation": settings.POSTROOM,
        **narrowing_choices(seat),
    }
    return render(request, "web/messages.html", context)


def narrowing_choices(seat: Seat) -> dict[str, Any]:
    """The companies and servers by which the list can be narrowed, as id and name; two queries."""
    return {
        "companies": list(seat.workspace.companies.order_by("name").values_list("pk", "name")),
        "servers": [
            *seat.workspace.outgoing_servers.order_by("priority", "name").values_list("pk", "name"),
            (0, _("Default server")),
        ],
    }


@require_safe
@needs(Action.SEE_MAIL)
def message(request: HttpRequest, seat: Seat, message_id: UUID) -> HttpResponse:
    found = search.find_message(seat.workspaces, message_id)
    if found is None:
        raise Http404
    recipients = [delivery.recipient for delivery in found.deliveries]
    context = {
        "message": found,
        "head": found.head.decode("utf-8", "replace"),
        "suppressed": suppressions.among(seat.workspace, recipients),
        "actions": steer.possible(delivery.status for delivery in found.deliveries),
        "now": timezone.now(),
        "shows_images": "images" in request.GET,
    }
    return render(request, "web/message.html", context)


@require_safe
@needs(Action.SEE_MAIL)
def message_html(request: HttpRequest, seat: Seat, message_id: UUID) -> HttpResponse:
    """The message's own HTML, or its text, to be shown in a frame that keeps it from everything."""
    raw = search.read_message(seat.workspaces, message_id)
    if raw is None:
        raise Http404
    reading = read(raw)
    policy = REMOTE_IMAGES_POLICY if "images" in request.GET else HTML_POLICY
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    if reading.html is None:
        return HttpResponse(reading.text or "", content_type="text/plain; charset=utf-8", headers=headers)
    return HttpResponse(with_inline_images(reading), headers=headers)


@require_safe
@needs(Action.SEE_MAIL)
def raw_message(request: HttpRequest, seat: Seat, message_id: UUID) -> HttpResponse:
    raw = search.read_message(seat.workspaces, message_id)
    if raw is None:
        raise Http404
    return download(raw, f"{message_id}.eml", "message/rfc822")


@require_POST
@needs(Action.SEND_MAIL)
def message_again(request: HttpRequest, seat: Seat, message_id: UUID) -> HttpResponse:
    found = get_object_or_404(Message.objects.select_related("company"), workspace=seat.workspace, pk=message_id)
    try:
        queued = send_again(found, request.POST.getlist("recipient"))
    except PostroomError as error:
        messages.error(request, words_of(error))
        return redirect("message", message_id)
    messages.success(request, _("The message is on its way again; this is the new one."))
    return redirect("message", queued.id)
