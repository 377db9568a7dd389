"""How does a person put threads together and take them apart?"""

from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from postroom.errors import PostroomError
from postroom.policy.permission import Action
from postroom.threads import merge
from postroom.threads.listing import Wanted, list_records
from postroom.threads.models import Post, Record
from postroom.web.forms import Confirmation
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.web.views.records import find_record
from postroom.workspaces.access import Seat

MOST_OFFERED = 20
MOST_POSTS = 200


class SearchForm(forms.Form):
    """Which conversation is looked for; and where, once it was found."""

    text = forms.CharField(label=gettext_lazy("Name, id or address"), max_length=320, required=False)
    to = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class SplitForm(forms.Form):
    """The new conversation."""

    name = forms.CharField(label=gettext_lazy("Name of the new conversation"), max_length=500)


@needs(Action.WRITE_CONVERSATIONS)
def move_posts(request: HttpRequest, seat: Seat, record_id: int) -> HttpResponse:
    """Ticked posts go into another conversation, or into a new one; the address names them."""
    record = find_record(seat, record_id)
    posts = _ticked(request, record)
    if not posts:
        messages.error(request, _("Tick the posts that you mean."))
        return redirect("record", record.pk)
    search, split = _search(request), SplitForm(request.POST or None)
    if request.method == "POST":
        to = _other(seat, record, request.POST.get("to")) if "to" in request.POST else None
        if to or split.is_valid():
            return _moved(request, record, posts, to or split.cleaned_data["name"])
    if request.method != "POST":
        split = SplitForm(initial={"name": posts[0].subject or record.name})
    context = {
        "record": record,
        "posts": posts,
        "search": search,
        "split": split,
        "offered": _offered(seat, record, search),
    }
    return render(request, "web/move_posts.html", context)


@needs(Action.WRITE_CONVERSATIONS)
def merge_record(request: HttpRequest, seat: Seat, record_id: int) -> HttpResponse:
    """The whole thread goes into another one: chosen first, then confirmed, for nothing takes it apart again."""
    record = find_record(seat, record_id)
    search = _search(request)
    to = _other(seat, record, search.cleaned_data.get("to"))
    if to is None:
        context = {"record": record, "search": search, "offered": _offered(seat, record, search)}
        return render(request, "web/merge.html", context)
    form = Confirmation(request.POST or None, phrase=record.name)
    if request.method == "POST" and form.is_valid() and _merged(request, record, to):
        return redirect("record", to.pk)
    facts = {"name": record.name, "to": to.name, "count": record.posts.count()}
    consequence = _(
        "All %(count)s posts and all followers of “%(name)s” go to “%(to)s”, and so does every answer from now on. "
        "Posts can be moved back by hand, the conversation itself cannot be made again."
    )
    context = {
        "title": _("Merge “%(name)s” into “%(to)s”") % facts,
        "consequence": consequence % facts,
        "form": form,
        "action": _("Merge"),
        "back": reverse("record", args=[record.pk]),
    }
    return render(request, "web/confirm.html", context)


def _moved(request: HttpRequest, record: Record, posts: Sequence[Post], to: Record | str) -> HttpResponse:
    try:
        if isinstance(to, Record):
            merge.move(posts, to)
        else:
            to = merge.split(record, posts, name=to)
    except PostroomError as error:
        messages.error(request, words_of(error))
        return redirect("record", record.pk)
    words = ngettext("%(count)s post is here now.", "%(count)s posts are here now.", len(posts))
    messages.success(request, words % {"count": len(posts)})
    return redirect("record", to.pk)


def _merged(request: HttpRequest, record: Record, to: Record) -> bool:
    try:
        merge.merge(record, to)
    except PostroomError as error:
        messages.error(request, words_of(error))
        return False
    messages.success(request, _("“%(name)s” is part of this conversation now.") % {"name": record.name})
    return True


def _ticked(request: HttpRequest, record: Record) -> list[Post]:
    texts = [*request.GET.getlist("post"), *request.POST.getlist("post")]
    ids = {int(text) for text in texts[:MOST_POSTS] if text.isascii() and text.isdigit() and len(text) < 19}
    posts = list(record.posts.filter(pk__in=ids).order_by("pk"))
    for post in posts:
        post.record = record
    return posts


def _search(request: HttpRequest) -> SearchForm:
    form = SearchForm(request.GET)
    form.is_valid()
    return form


def _other(seat: Seat, record: Record, id_: str | int | None) -> Record | None:
    """The conversation that was chosen; None for none, and for the same one."""
    form = SearchForm({"to": id_})
    chosen = form.cleaned_data.get("to") if form.is_valid() else None
    if not chosen or chosen == record.pk:
        return None
    return find_record(seat, chosen)


def _offered(seat: Seat, record: Record, search: SearchForm) -> list[Record]:
    """What was found, or the newest ones."""
    rows = list_records(seat.workspace, Wanted(text=search.cleaned_data.get("text", ""))).rows
    return [row for row in rows if row.pk != record.pk][:MOST_OFFERED]
