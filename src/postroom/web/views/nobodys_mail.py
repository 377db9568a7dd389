"""Mail that came in and belongs to no workspace: who looks after the installation gives it to one, or drops it."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from postroom.inbound import desk
from postroom.inbound.desk import Choice
from postroom.inbound.letter import read_letter
from postroom.inbound.models import IncomingMessage, State
from postroom.policy.classification import Kind
from postroom.web.http import download
from postroom.web.lists import chips
from postroom.web.platform import for_caretakers
from postroom.web.views.desk import MOST_TICKED, PAGE_SIZE, ListFilter
from postroom.web.vocabulary import INCOMING_KINDS, INCOMING_STATES
from postroom.workspaces.models import Workspace

MOST_WORKSPACES = 500  # offered while one types; any other can be typed


@require_safe
@for_caretakers
def mail_list(request: HttpRequest) -> HttpResponse:
    form = ListFilter(request.GET)
    choice = form.choice()
    before = form.cleaned_data.get("before")
    found = desk.find(None, choice)
    rows = list((found.filter(pk__lt=before) if before else found)[: PAGE_SIZE + 1])
    states = [(State.UNROUTED, ""), (State.DROPPED, State.DROPPED.value)]
    context = {
        "rows": rows[:PAGE_SIZE],
        "older": rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None,
        "states": chips(
            request,
            "state",
            [(value, INCOMING_STATES[each].word, INCOMING_STATES[each].icon) for each, value in states],
        ),
        "state": next(iter(choice.states)),
        "workspaces": _slugs(),
    }
    return render(request, "web/nobodys_mail.html", context)


@require_safe
@for_caretakers
def mail_page(request: HttpRequest, incoming_id: int) -> HttpResponse:
    row = _find(incoming_id)
    context = {
        "row": row,
        "letter": read_letter(bytes(row.content.raw)),
        "kind": INCOMING_KINDS[Kind(row.kind)] if row.kind else "",
        "workspaces": _slugs(),
    }
    return render(request, "web/nobodys_mail_one.html", context)


@require_safe
@for_caretakers
def mail_raw(request: HttpRequest, incoming_id: int) -> HttpResponse:
    row = _find(incoming_id)
    return download(bytes(row.content.raw), f"incoming-{row.pk}.eml", "message/rfc822")


@require_POST
@for_caretakers
def decide(request: HttpRequest) -> HttpResponse:
    """What is to become of the ticked mail."""
    ids = [int(text) for text in request.POST.getlist("mail")[:MOST_TICKED] if text.isascii() and text.isdigit()]
    rows = desk.find(None, Choice(ids=ids or [0], states=desk.OPEN)).order_by()
    match request.POST.get("act"):
        case "give":
            return _give(request, rows)
        case "replay":
            count = desk.replay(rows)
            words = ngettext("%(n)s mail is handled again.", "%(n)s mails are handled again.", count)
        case "drop":
            count = desk.drop(rows)
            words = ngettext("%(n)s mail is dropped.", "%(n)s mails are dropped.", count)
        case "restore":
            count = desk.restore(rows)
            words = ngettext("%(n)s mail is on the desk again.", "%(n)s mails are on the desk again.", count)
        case _:
            raise BadRequest
    messages.success(request, words % {"n": count})
    return redirect("nobodys-mail")


def _give(request: HttpRequest, rows: QuerySet[IncomingMessage]) -> HttpResponse:
    workspace = Workspace.objects.filter(slug=request.POST.get("to", "").strip().lower()[:100]).first()
    if workspace is None:
        messages.error(request, _("There is no such workspace: write its short name."))
        return redirect("nobodys-mail")
    count = desk.give(rows, workspace)
    words = ngettext("%(n)s mail belongs to %(name)s now.", "%(n)s mails belong to %(name)s now.", count)
    messages.success(request, words % {"n": count, "name": workspace.name})
    return redirect("nobodys-mail")


def _find(incoming_id: int) -> IncomingMessage:
    """Http404 also for a workspace's: that is on its own desk."""
    return get_object_or_404(desk.find(None, Choice(states=frozenset())), pk=incoming_id)


def _slugs() -> list[str]:
    return list(Workspace.objects.order_by("slug").values_list("slug", flat=True)[:MOST_WORKSPACES])
