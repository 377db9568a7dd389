"""What a person was told in the application: what is unread, and where it was written."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from postroom.policy.permission import Action
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.threads import inbox
from postroom.threads.attention import glance
from postroom.threads.models import Notification
from postroom.web.lists import chips
from postroom.web.seat import needs
from postroom.workspaces.access import Seat

PAGE_SIZE = 50


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    show = forms.ChoiceField(choices=[("all", "all")], required=False)
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


@needs(Action.SEE_CONVERSATIONS)
def inbox_page(request: HttpRequest, seat: Seat) -> HttpResponse:
    if request.method == "POST":
        _mark_read(request, seat)
        return redirect("inbox")
    form = ListFilter(request.GET)
    form.is_valid()
    show, before = form.cleaned_data.get("show"), form.cleaned_data.get("before")
    found = inbox.received(seat.user, seat.workspace) if show else inbox.unread(seat.user, seat.workspace)
    rows = list((found.filter(pk__lt=before) if before else found)[: PAGE_SIZE + 1])
    context = {
        "rows": [(row, _author(row)) for row in rows[:PAGE_SIZE]],
        "older": rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None,
        "shown": chips(request, "show", [("", _("unread"), "inbox"), ("all", _("all"), "")]),
        "show": show,
    }
    return render(request, "web/inbox.html", context)


@require_safe
@needs(Action.SEE_CONVERSATIONS)
def open_one(request: HttpRequest, seat: Seat, notification_id: int) -> HttpResponse:
    """To the post in its thread; whoever follows the link has read it."""
    row = get_object_or_404(inbox.received(seat.user, seat.workspace), pk=notification_id)
    inbox.mark_read(seat.user, [row.pk])
    return redirect(f"{reverse('record', args=[row.post.record_id])}#post-{row.post_id}")


@require_safe
@never_cache
@needs(Action.SEE_CONVERSATIONS)
def counts(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The numbers that every page shows, for pages that are open."""
    seen = glance(seat.user, seat.workspace)
    context = {"unread": seen.unread, "red": seen.red}
    return render(request, "web/_counts.html", context)


def _mark_read(request: HttpRequest, seat: Seat) -> None:
    ticked = [int(text) for text in request.POST.getlist("notification") if text.isascii() and text.isdigit()]
    marked = inbox.mark_read(seat.user, ticked) if ticked else inbox.mark_all_read(seat.user, seat.workspace)
    words = ngettext("%(count)s is marked as read.", "%(count)s are marked as read.", marked)
    messages.success(request, words % {"count": marked})


def _author(row: Notification) -> Mailbox | None:
    return parse_mailbox(row.post.author) if row.post.author else None
