"""The unrouted desk: mail that found no place, and what a person makes of it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from postroom.capture.reading import read
from postroom.errors import PostroomError
from postroom.inbound import desk
from postroom.inbound.desk import Choice
from postroom.inbound.letter import read_letter, read_original
from postroom.inbound.models import IncomingMessage, Rule, State
from postroom.policy.classification import Kind, classify
from postroom.policy.permission import Action
from postroom.threads.listing import Wanted, list_records
from postroom.threads.models import Record, RecordType
from postroom.web.http import download, words_of
from postroom.web.lists import chips
from postroom.web.seat import needs
from postroom.web.views.capture import HTML_POLICY, with_inline_images
from postroom.web.views.messages import REMOTE_IMAGES_POLICY
from postroom.web.views.records import find_record
from postroom.web.vocabulary import INCOMING_KINDS, INCOMING_STATES
from postroom.workspaces.access import Seat

PAGE_SIZE = 50
MOST_OFFERED = 10
MOST_TICKED = 1_000


class ListFilter(forms.Form):
    """What the list's address may say; a part that makes no sense is passed over."""

    state = forms.TypedChoiceField(
        choices=[(state.value, state.value) for state in State], coerce=State, empty_value=None, required=False
    )
    kind = forms.TypedChoiceField(
        choices=[(kind.value, kind.value) for kind in Kind], coerce=Kind, empty_value=None, required=False
    )
    recipient = forms.CharField(max_length=320, required=False)
    author = forms.CharField(max_length=320, required=False)
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)

    def choice(self, *, ids: list[int] | None = None) -> Choice:
        self.is_valid()
        chosen = self.cleaned_data
        return Choice(
            ids=ids or (),
            states=frozenset({chosen.get("state") or State.UNROUTED}),
            recipient=chosen.get("recipient", ""),
            author=chosen.get("author", ""),
            kind=chosen.get("kind"),
        )


class DecisionForm(forms.Form):
    """What is to become of one mail. `always`: also of what comes later to its recipient from its author."""

    act = forms.ChoiceField(
        choices=[(act, act) for act in ("attach", "create", "alias", "drop", "restore", "replay", "ordinary")]
    )
    record = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    type = forms.CharField(max_length=100, required=False)
    name = forms.CharField(max_length=500, required=False)
    always = forms.BooleanField(required=False)
    of_original = forms.BooleanField(required=False)


@require_safe
@needs(Action.SEE_MAIL)
def desk_page(request: HttpRequest, seat: Seat) -> HttpResponse:
    form = ListFilter(request.GET)
    choice = form.choice()
    before = form.cleaned_data.get("before")
    found = desk.find(seat.workspace, choice)
    rows = list((found.filter(pk__lt=before) if before else found)[: PAGE_SIZE + 1])
    (state,) = choice.states
    states = [(each.value, INCOMING_STATES[each].word, INCOMING_STATES[each].icon) for each in State]
    states = [("" if value == State.UNROUTED else value, word, icon) for value, word, icon in states]
    context = {
        "rows": rows[:PAGE_SIZE],
        "older": rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None,
        "states": chips(request, "state", sorted(states)),
        "kinds": chips(
            request, "kind", [("", _("all"), ""), *((kind.value, word, "") for kind, word in INCOMING_KINDS.items())]
        ),
        "choice": choice,
        "state": state,
        "is_filtered": bool(choice.recipient or choice.author or choice.kind or before),
    }
    return render(request, "web/desk.html", context)


@require_POST
@needs(Action.STEER_MAIL)
def desk_many(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Replay, drop or restore what is ticked; nothing ticked: all that the filters show."""
    acts: dict[str, Callable[..., int]] = {"replay": desk.replay, "drop": desk.drop, "restore": desk.restore}
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise BadRequest
    ids = [int(text) for text in request.POST.getlist("mail")[:MOST_TICKED] if text.isascii() and text.isdigit()]
    changed = act(desk.find(seat.workspace, ListFilter(request.POST).choice(ids=ids)).order_by())
    words = {
        desk.replay: ngettext("%(n)s mail is handled again.", "%(n)s mails are handled again.", changed),
        desk.drop: ngettext("%(n)s mail is dropped.", "%(n)s mails are dropped.", changed),
        desk.restore: ngettext("%(n)s mail is on the desk again.", "%(n)s mails are on the desk again.", changed),
    }
    messages.success(request, words[act] % {"n": changed})
    return redirect("desk")


@require_safe
@needs(Action.SEE_MAIL)
def desk_mail(request: HttpRequest, seat: Seat, incoming_id: int) -> HttpResponse:
    row = _find(seat, incoming_id)
    raw = bytes(row.content.raw)
    found = classify(raw)
    text = request.GET.get("text", "")[:320]
    context = {
        "row": row,
        "letter": read_letter(raw),
        "original": read_original(raw) if found.kind is Kind.ORDINARY else None,
        "kind": INCOMING_KINDS[Kind(row.forced_kind or row.kind or found.kind)],
        "why": "" if row.forced_kind else found.why,
        "proofs": row.content.authentication,
        "is_open": row.state in desk.OPEN,
        "is_notice": row.notices.filter(undone_at=None).exists(),
        "types": _types(seat),
        "text": text,
        "offered": list_records(seat.workspace, Wanted(text=text)).rows[:MOST_OFFERED] if text else [],
    }
    return render(request, "web/desk_mail.html", context)


@require_POST
@needs(Action.WRITE_CONVERSATIONS)
def decide(request: HttpRequest, seat: Seat, incoming_id: int) -> HttpResponse:
    form = DecisionForm(request.POST)
    if not form.is_valid():
        raise BadRequest
    row = _find(seat, incoming_id)
    try:
        words = _act(seat, row, form.cleaned_data)
    except PostroomError as error:
        messages.error(request, words_of(error))
        return redirect("desk-mail", row.pk)
    messages.success(request, words)
    row.refresh_from_db(fields=["post", "record", "state"])
    if row.post_id and row.record_id:
        return redirect("record", row.record_id)
    back = request.POST.get("next", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "desk")


@require_safe
@needs(Action.SEE_MAIL)
def desk_html(request: HttpRequest, seat: Seat, incoming_id: int) -> HttpResponse:
    """The mail as its author formatted it, for a frame that keeps it from everything."""
    reading = read(bytes(_find(seat, incoming_id).content.raw))
    if reading.html is None:
        raise Http404
    policy = REMOTE_IMAGES_POLICY if "images" in request.GET else HTML_POLICY
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return HttpResponse(with_inline_images(reading), headers=headers)


@require_safe
@needs(Action.SEE_MAIL)
def desk_raw(request: HttpRequest, seat: Seat, incoming_id: int) -> HttpResponse:
    row = _find(seat, incoming_id)
    return download(bytes(row.content.raw), f"incoming-{row.pk}.eml", "message/rfc822")


@needs(Action.SEE_MAIL)
def rule_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    """What is always done; a rule is ended here."""
    rules = desk.rules(seat.workspace)
    if request.method == "POST":
        if not seat.may(Action.STEER_MAIL):
            raise PermissionDenied
        key = request.POST.get("rule", "")
        get_object_or_404(rules, pk=int(key) if key.isascii() and key.isdigit() and len(key) < 19 else 0).delete()
        messages.success(request, _("The rule is over. What it did stays."))
        return redirect("desk-rules")
    return render(request, "web/desk_rules.html", {"rules": rules})


def _act(seat: Seat, row: IncomingMessage, chosen: dict[str, Any]) -> str:
    """Do it; what was done, in words. PostroomError."""
    match chosen["act"]:
        case "attach":
            return _attach(seat, row, find_record(seat, chosen["record"] or 0), always=chosen["always"])
        case "create":
            return _create(seat, row, _find_type(seat, chosen["type"]), chosen)
        case "alias":
            seat.require(Action.CHANGE_SETTINGS)
            alias = desk.make_alias(row, changes={"record_type": _find_type(seat, chosen["type"]).key})
            return _("%(address)s is an alias now; what waits for it is handled again.") % {"address": alias.address}
        case "drop" if chosen["always"]:
            _rule(seat, row, action=Rule.Action.DROP)
            return _("Mail like this is dropped from now on. The rules of the desk undo it.")
        case "ordinary":
            seat.require(Action.STEER_MAIL)
            desk.take_for_ordinary(row)
            return _("It no longer counts as a report: what it did is undone, and it is handled again.")
    simple = {
        "drop": (desk.drop, _("It is dropped. Find it among the dropped ones to restore it.")),
        "restore": (desk.restore, _("It is on the desk again.")),
        "replay": (desk.replay, _("It is handled again.")),
    }
    act, words = simple[chosen["act"]]
    act(IncomingMessage.objects.filter(pk=row.pk))
    return words


def _attach(seat: Seat, row: IncomingMessage, record: Record, *, always: bool) -> str:
    if always:
        _rule(seat, row, action=Rule.Action.ATTACH, record=record)
        return _("Mail like this goes into “%(name)s” from now on.") % {"name": record.name}
    desk.attach(row, record)
    return _("It is in the thread of “%(name)s”.") % {"name": record.name}


def _create(seat: Seat, row: IncomingMessage, record_type: RecordType, chosen: dict[str, Any]) -> str:
    if chosen["of_original"] or not chosen["always"]:  # a rule knows nothing of what is passed on
        desk.create(row, record_type, name=chosen["name"].strip(), of_original=chosen["of_original"])
    if chosen["always"]:
        _rule(seat, row, action=Rule.Action.CREATE, record_type=record_type)
        return _("Mail like this makes a %(label)s from now on.") % {"label": record_type.label}
    return _("A %(label)s was made of it.") % {"label": record_type.label}


def _rule(seat: Seat, row: IncomingMessage, **what: Any) -> None:
    """With all mail to its recipient from its author; what waits is handled by the rule at once."""
    seat.require(Action.STEER_MAIL)
    desk.always(seat.workspace, recipient=row.recipient, author=row.author, **what)


def _find(seat: Seat, incoming_id: int) -> IncomingMessage:
    """Http404 also for another workspace's."""
    return get_object_or_404(desk.find(seat.workspace, Choice(states=frozenset())), pk=incoming_id)


def _find_type(seat: Seat, key: str) -> RecordType:
    return get_object_or_404(seat.workspace.record_types.select_related("workspace"), key=key)


def _types(seat: Seat) -> list[tuple[str, str]]:
    return list(seat.workspace.record_types.order_by("label").values_list("key", "label"))
