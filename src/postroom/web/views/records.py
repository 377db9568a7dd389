"""Conversations: the list, one with its thread, and writing in it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Length
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from postroom.errors import PostroomError
from postroom.inbound.models import IncomingMessage, State
from postroom.policy.notification import Way
from postroom.policy.permission import Action
from postroom.rfc.address import Mailbox, format_mailbox, parse_mailboxes
from postroom.rfc.message import Attachment
from postroom.threads import loops
from postroom.threads.answering import answer_to, preview
from postroom.threads.listing import Wanted, list_records
from postroom.threads.models import Post, PostFile, Record
from postroom.threads.post import NewPost, post
from postroom.web.http import type_of, words_of
from postroom.web.lists import chips
from postroom.web.post_rows import post_rows, with_reasons
from postroom.web.seat import needs
from postroom.workspaces.access import Seat

if TYPE_CHECKING:  # a class that takes parameters for type checkers alone
    from django.core.files.uploadedfile import UploadedFile

POSTS_AT_ONCE = 30
MOST_TYPES = 30
MOST_FOLLOWERS = 100
MAX_TEXT = 200_000
# Base64 makes a file a third longer.
_FILE_SHARE = 0.7


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    type = forms.CharField(max_length=100, required=False)
    show = forms.ChoiceField(choices=[(name, name) for name in ("mine", "failed", "paused")], required=False)
    text = forms.CharField(max_length=320, required=False)
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class ThreadPage(forms.Form):
    """Which part of a thread, and which post is answered."""

    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    reply = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class FilesInput(forms.FileInput):
    """Takes any number of files."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else []


class FilesField(forms.FileField):
    """Any number of files, as a list."""

    widget = FilesInput(attrs={"multiple": True})

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        return [super(FilesField, self).clean(file, initial) for file in data or []]


class WriteForm(forms.Form):
    """A message to followers and whom it names, or a note for users."""

    kind = forms.ChoiceField(
        choices=[
            (Post.Kind.COMMENT.value, gettext_lazy("Message")),
            (Post.Kind.NOTE.value, gettext_lazy("Internal note, for users alone")),
        ],
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        initial=Post.Kind.COMMENT.value,
    )
    to = forms.CharField(label=gettext_lazy("To, besides the followers"), max_length=5_000, required=False)
    cc = forms.CharField(label="Cc", max_length=5_000, required=False)
    text = forms.CharField(
        label=gettext_lazy("Text"), max_length=MAX_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    attachments = FilesField(label=gettext_lazy("Files"), required=False)

    def clean_to(self) -> tuple[Mailbox, ...]:
        return _mailboxes(self.cleaned_data["to"])

    def clean_cc(self) -> tuple[Mailbox, ...]:
        return _mailboxes(self.cleaned_data["cc"])

    def clean_attachments(self) -> "list[UploadedFile[Any]]":
        files: list[UploadedFile[Any]] = self.cleaned_data["attachments"]
        limit = int(settings.POSTROOM.max_message_bytes * _FILE_SHARE)
        if sum(file.size or 0 for file in files) > limit:
            largest = limit // 1024 // 1024
            raise forms.ValidationError(
                _("Together the files may have %(largest)s MB; send a link instead.") % {"largest": largest}
            )
        return files

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or {}
        if chosen.get("kind") == Post.Kind.NOTE:
            chosen |= {"to": (), "cc": ()}
        if not (chosen.get("text", "").strip() or chosen.get("attachments")) and not self.errors:
            raise forms.ValidationError(_("Write something, or choose a file."))
        return chosen


@require_safe
@needs(Action.SEE_CONVERSATIONS)
def record_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    form = ListFilter(request.GET)
    form.is_valid()
    chosen = form.cleaned_data
    show = chosen.get("show", "")
    wanted = Wanted(
        type=chosen.get("type", ""),
        text=chosen.get("text", ""),
        followed_by=seat.user if show == "mine" else None,
        is_paused=show == "paused",
        has_failed=show == "failed",
    )
    types = seat.workspace.record_types.order_by("label").values_list("key", "label")[:MOST_TYPES]
    shown = [("", _("all"), ""), ("mine", _("I follow"), "bell"), ("failed", _("not delivered"), "mail-exclamation")]
    context = {
        "page": list_records(seat.workspace, wanted, before=chosen.get("before")),
        "types": chips(request, "type", [("", _("all"), ""), *((key, label, "") for key, label in types)]),
        "shown": chips(request, "show", [*shown, ("paused", _("paused"), "player-pause")]),
        "wanted": wanted,
        "show": show,
        "is_filtered": any(chosen.values()),
    }
    return render(request, "web/records.html", context)


@require_safe
@needs(Action.SEE_CONVERSATIONS)
def record(request: HttpRequest, seat: Seat, record_id: int) -> HttpResponse:
    found = find_record(seat, record_id)
    if found.merged_into_id:
        return redirect("record", found.merged_into_id)
    return _thread(request, seat, found)


@require_POST
@needs(Action.WRITE_CONVERSATIONS)
def write(request: HttpRequest, seat: Seat, record_id: int) -> HttpResponse:
    """Shows the thread again with what is wrong, or, where scripts do not, as whom it would leave."""
    found = find_record(seat, record_id)
    form = WriteForm(request.POST, request.FILES)
    if not form.is_valid() or "preview" in request.POST:
        return _thread(request, seat, found, form=form)
    wanted = form.cleaned_data
    try:
        row = post(found, _new_post(seat, wanted))
    except PostroomError as error:
        form.add_error(None, words_of(error))
        return _thread(request, seat, found, form=form)
    messages.success(request, _("The note is in the thread.") if wanted["kind"] == Post.Kind.NOTE else _("Sent."))
    return redirect(f"{reverse('record', args=[found.pk])}#post-{row.pk}")


@require_POST
@needs(Action.WRITE_CONVERSATIONS)
def leaves_as(request: HttpRequest, seat: Seat, record_id: int) -> HttpResponse:
    """As whom, and to whom, what is being written would leave; asked for again with each change."""
    form = WriteForm(request.POST)
    form.is_valid()
    return render(request, "web/_leaves_as.html", _preview(seat, find_record(seat, record_id), form))


@require_POST
@needs(Action.WRITE_CONVERSATIONS)
def resume(request: HttpRequest, seat: Seat, record_id: int) -> HttpResponse:
    found = find_record(seat, record_id)
    loops.resume(found)
    messages.success(request, _("Mail leaves for it again. What was not mailed meanwhile is not sent afterwards."))
    return redirect("record", found.pk)


def find_record(seat: Seat, record_id: int) -> Record:
    """Http404 also for another workspace's."""
    rows = seat.workspace.records.select_related("type__workspace", "company__workspace", "workspace")
    found = rows.filter(pk=record_id).first()
    if found is None:
        raise Http404
    return found


def _strangers(found: Record) -> QuerySet[IncomingMessage]:
    """Mail that answers in the thread, of people who have no part in it: a person lets them in."""
    waiting = found.incoming.filter(state=State.UNROUTED.value)
    return waiting.select_related("content").defer("content__raw").order_by("pk")


def _thread(request: HttpRequest, seat: Seat, found: Record, *, form: WriteForm | None = None) -> HttpResponse:
    part = ThreadPage(request.GET)
    part.is_valid()
    posts, older = _posts(found, part.cleaned_data.get("before"))
    followers = list(found.followers.select_related("user", "contact").order_by("pk")[:MOST_FOLLOWERS])
    form = form or WriteForm(initial=_answer(found, posts, part.cleaned_data.get("reply")))
    context = {
        "record": found,
        "rows": post_rows(posts),
        "older": older,
        "followers": followers,
        "follows": any(follower.user_id == seat.user.pk for follower in followers),
        "form": form,
        "strangers": list(_strangers(found)),
        **(_preview(seat, found, form) if form.is_bound and form.is_valid() else {}),
    }
    return render(request, "web/record.html", context)


def _posts(found: Record, before: int | None) -> tuple[list[Post], int | None]:
    """A page of them, newest first, and where the next one begins."""
    narrowed = found.posts.filter(pk__lt=before) if before else found.posts
    files = PostFile.objects.defer("content").annotate(size=Length("content")).order_by("pk")
    rows = narrowed.select_related("subtype", "moved_from").prefetch_related(Prefetch("files", files)).order_by("-pk")
    page = list(with_reasons(rows)[: POSTS_AT_ONCE + 1])
    for row in page:
        row.record = found
    return page[:POSTS_AT_ONCE], page[POSTS_AT_ONCE - 1].pk if len(page) > POSTS_AT_ONCE else None


def _answer(found: Record, posts: Sequence[Post], reply: int | None) -> dict[str, str]:
    """The addresses of the mail that is answered: the one chosen, else the last word, if it came by mail."""
    chosen = found.posts.filter(pk=reply).first() if reply else next(iter(posts), None)
    if chosen is None:
        return {}
    chosen.record = found
    to, cc = answer_to(chosen)
    return {"to": _written(to), "cc": _written(cc)}


def _written(mailboxes: Sequence[Mailbox]) -> str:
    return ", ".join(map(format_mailbox, mailboxes))


def _new_post(seat: Seat, wanted: dict[str, Any]) -> NewPost:
    return NewPost(
        author=seat.user,
        kind=Post.Kind(wanted["kind"]),
        text=wanted["text"].replace("\r\n", "\n"),
        to=wanted["to"],
        cc=wanted["cc"],
        files=tuple(
            Attachment(file.name or "file", file.read(), type_of(file.name or "")) for file in wanted["attachments"]
        ),
    )


def _preview(seat: Seat, found: Record, form: WriteForm) -> dict[str, Any]:
    chosen = form.cleaned_data
    named = (*(chosen.get("to") or ()), *(chosen.get("cc") or ()))
    kind = Post.Kind(chosen.get("kind") or Post.Kind.COMMENT)
    try:
        shown = preview(found, seat.user, kind=kind, named=named)
    except PostroomError as error:
        return {"refusal": words_of(error)}
    mailed = [notice.reader.address for notice in shown.notices if notice.way is Way.EMAIL]
    return {
        "preview": shown,
        "from_": format_mailbox(shown.from_),
        "mailed": [*(box.address for box in named), *mailed],
        "in_inbox": sum(notice.way is Way.INBOX for notice in shown.notices),
        "is_note": kind == Post.Kind.NOTE,
        "record": found,
    }


def _mailboxes(text: str) -> tuple[Mailbox, ...]:
    try:
        return tuple(parse_mailboxes(text)) if text.strip() else ()
    except PostroomError as error:
        raise forms.ValidationError(words_of(error)) from error
