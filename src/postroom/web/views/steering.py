"""How a person retries, holds, releases and cancels mail: one message, chosen ones, or all that a filter shows."""

from datetime import datetime
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from postroom.errors import PostroomError
from postroom.outbound import steer, tasks
from postroom.outbound.listing import PAGE_SIZE
from postroom.outbound.models import Message
from postroom.outbound.steer import Choice
from postroom.policy.permission import Action
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.web.steering_words import STEERING
from postroom.web.views.messages import ListFilter
from postroom.workspaces.access import Seat

MOST_COUNTED = 100_000
MOST_AT_ONCE = 2_000  # done while the person waits; more is done in the background
# What takes an action back; a retry is on its way.
UNDOING = {
    steer.Action.HOLD: steer.Action.RELEASE,
    steer.Action.RELEASE: steer.Action.HOLD,
    steer.Action.CANCEL: steer.Action.RESTORE,
    steer.Action.RESTORE: steer.Action.CANCEL,
}


class NothingTickedError(PostroomError):
    """Tick the e-mails that you mean: what a search finds is steered only so."""

    code = "nothing_ticked"


class SteerForm(ListFilter):
    """An action, and what it is about: the chosen messages, or what the list's filters show."""

    action = forms.TypedChoiceField(choices=[(a.value, a.value) for a in steer.Action], coerce=steer.Action)
    since = forms.DateTimeField(required=False)
    by = forms.DateTimeField(required=False)
    total = forms.IntegerField(min_value=0, required=False)

    def choice(self, seat: Seat) -> tuple[steer.Action, Choice]:
        """BadRequest for an action that is none, NothingTickedError for what only ticks can choose."""
        if not self.is_valid():
            raise BadRequest
        chosen = self.cleaned_data
        ids = _ids(self.data.getlist("message")) if isinstance(self.data, QueryDict) else []
        if not ids and (chosen["text"] or chosen["cause"]):
            raise NothingTickedError
        if ids:
            return chosen["action"], Choice(messages=ids, finished_since=chosen["since"])
        return chosen["action"], Choice(
            statuses=frozenset([chosen["status"]] if chosen["status"] else []),
            server=_server_name(seat, chosen["server"]),
            stream=chosen["stream"] or None,
            tag=chosen["tag"] or None,
            company=chosen["company"],
            submitted_before=chosen["by"],
            finished_since=chosen["since"],
        )


@needs(Action.STEER_MAIL)
def steer_many(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Says first what would happen to how many; the address names it all, so that the form repeats it."""
    try:
        action, choice = SteerForm(request.GET).choice(seat)
    except NothingTickedError as error:
        messages.error(request, words_of(error))
        return redirect(_list_url(request))
    count = steer.count(seat.workspace, action, choice, most=MOST_COUNTED)
    if request.method != "POST":
        context = {"count": count, "most": MOST_COUNTED, "back": _list_url(request), "words": STEERING[action]}
        return render(
            request, "web/steer.html", {**context, "consequence": STEERING[action].consequence % {"n": count}}
        )
    now = timezone.now()
    if count > MOST_AT_ONCE:
        tasks.steer_many.defer(workspace=seat.workspace.pk, action=action.value, choice=choice.as_json())
        query = request.GET.copy()
        query["by"], query["total"] = now.isoformat(), str(count)
        return redirect(f"{reverse('messages-steered')}?{query.urlencode()}")
    changed = steer.steer(seat.workspace, action, choice)
    _tell(request, action, changed, now)
    return redirect(_list_url(request))


@require_safe
@needs(Action.STEER_MAIL)
def steered(request: HttpRequest, seat: Seat) -> HttpResponse:
    """How far it is, for what takes longer."""
    form = SteerForm(request.GET)
    action, choice = form.choice(seat)
    left = steer.count(seat.workspace, action, choice, most=MOST_COUNTED)
    total = max(form.cleaned_data["total"] or 0, left)
    context = {
        "left": left,
        "total": total,
        "done": total - left,
        "back": _list_url(request),
        "words": STEERING[action],
    }
    return render(request, "web/steered.html", context)


@require_POST
@needs(Action.STEER_MAIL)
def steer_message(request: HttpRequest, seat: Seat, message_id: UUID) -> HttpResponse:
    """One message; its page has a button that takes it back."""
    if not Message.objects.filter(workspace=seat.workspace, pk=message_id).exists():
        raise Http404
    form = SteerForm({"action": request.POST.get("action")})
    if not form.is_valid():
        raise BadRequest
    action = form.cleaned_data["action"]
    changed = steer.steer(seat.workspace, action, Choice(messages=[message_id]))
    messages.success(request, STEERING[action].done % {"n": changed})
    return redirect("message", message_id)


def _tell(request: HttpRequest, action: steer.Action, changed: int, now: datetime) -> None:
    """What was done, with a link that takes it back where that is possible."""
    done = STEERING[action].done % {"n": changed}
    if not changed or action not in UNDOING:
        messages.success(request, done)
        return
    query = request.GET.copy()
    query.pop("status", None)
    query["action"] = UNDOING[action]
    if action is steer.Action.CANCEL:
        query["since"] = now.isoformat()
    url = f"{reverse('messages-steer')}?{query.urlencode()}"
    messages.success(request, format_html('{} <a href="{}">{}</a>', done, url, _("Undo")))


def _list_url(request: HttpRequest) -> str:
    """The list as it was filtered."""
    query = request.GET.copy()
    for name in ("action", "message", "since", "by", "total"):
        query.pop(name, None)
    return f"{reverse('messages')}?{query.urlencode()}".rstrip("?")


def _ids(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts[:PAGE_SIZE]]
    except ValueError:
        raise BadRequest from None


def _server_name(seat: Seat, server: int | None) -> str | None:
    if not server:
        return None if server is None else ""
    name = seat.workspace.outgoing_servers.filter(pk=server).values_list("name", flat=True).first()
    if name is None:
        raise Http404
    return str(name)
