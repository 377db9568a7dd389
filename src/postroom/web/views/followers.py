"""Who follows a conversation, what they are told of, and how that is changed."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from postroom.errors import AddressError
from postroom.policy.permission import Action
from postroom.rfc.address import Mailbox, parse_mailbox
from postroom.threads.contacts import contact_of
from postroom.threads.follow import follow, unfollow
from postroom.threads.models import Contact, Follower, Record, Subtype
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.web.views.records import find_record
from postroom.workspaces.access import Seat
from postroom.workspaces.models import User


class SubtypesForm(forms.Form):
    """What a follower is told of."""

    subtypes = forms.MultipleChoiceField(
        label=gettext_lazy("Told of"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subtypes"].choices = choices  # type: ignore[attr-defined] # a MultipleChoiceField


class AddForm(SubtypesForm):
    """Somebody who is to follow: a member of the workspace, or anybody else by address."""

    who = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=400,
        help_text=gettext_lazy("A member of this workspace is told as they prefer, anybody else by email."),
    )
    field_order = ("who", "subtypes")

    def clean_who(self) -> Mailbox:
        try:
            return parse_mailbox(self.cleaned_data["who"])
        except AddressError as error:
            raise forms.ValidationError(words_of(error)) from error


@needs(Action.SEE_CONVERSATIONS)
def follower_list(request: HttpRequest, seat: Seat, record_id: int) -> HttpResponse:
    record = find_record(seat, record_id)
    subtypes = list(record.type.subtypes.exclude(is_hidden=True).order_by("pk"))
    choices = _choices(subtypes)
    form = AddForm(
        request.POST or None,
        choices=choices,
        initial={"subtypes": [subtype.key for subtype in subtypes if subtype.is_default]},
    )
    if request.method == "POST":
        if not seat.may(Action.WRITE_CONVERSATIONS):
            raise PermissionDenied
        if form.is_valid():
            mailbox = form.cleaned_data["who"]
            follow(record, _person(seat, mailbox), subtypes=_chosen(form))
            messages.success(request, _("%(address)s follows now.") % {"address": mailbox.address})
            return redirect("followers", record.pk)
    return render(request, "web/followers.html", {"record": record, "form": form, "rows": _rows(record, subtypes)})


@require_POST
@needs(Action.WRITE_CONVERSATIONS)
def follower(request: HttpRequest, seat: Seat, record_id: int, *, follower_id: int) -> HttpResponse:
    """Change what one follower is told of, or let them leave."""
    record = find_record(seat, record_id)
    found = get_object_or_404(Follower.objects.select_related("user", "contact"), record=record, pk=follower_id)
    person: Any = found.user or found.contact  # one of the two: the table's constraint
    if request.POST.get("act") == "remove":
        unfollow(record, person)
        messages.success(request, _("%(person)s does not follow any more.") % {"person": person})
    else:
        choices = list(record.type.subtypes.values_list("key", "label"))
        form = SubtypesForm(request.POST, choices=choices)
        if not form.is_valid():
            raise BadRequest
        follow(record, person, subtypes=_chosen(form, kept=found))
        messages.success(request, _("%(person)s is told of what you chose.") % {"person": person})
    return redirect("followers", record.pk)


@require_POST
@needs(Action.SEE_CONVERSATIONS)
def follow_oneself(request: HttpRequest, seat: Seat, record_id: int) -> HttpResponse:
    """Follow, or stop following; everybody who may read may be told."""
    record = find_record(seat, record_id)
    if not unfollow(record, seat.user):
        follow(record, seat.user)
    return redirect("record", record.pk)


def _rows(record: Record, subtypes: list[Subtype]) -> list[tuple[Follower, SubtypesForm]]:
    found = record.followers.select_related("user", "contact").prefetch_related("subtypes").order_by("pk")
    return [
        (
            row,
            SubtypesForm(
                choices=_choices(each for each in subtypes if row.user or not each.is_internal),
                initial={"subtypes": [subtype.key for subtype in row.subtypes.all()]},
                auto_id=f"follower-{row.pk}-%s",
            ),
        )
        for row in found
    ]


def _choices(subtypes: Iterable[Subtype]) -> list[tuple[str, str]]:
    return [(subtype.key, subtype.label) for subtype in subtypes]


def _chosen(form: SubtypesForm, *, kept: Follower | None = None) -> list[str]:
    """What was ticked, and what could not be, being hidden."""
    hidden = kept.subtypes.filter(is_hidden=True).values_list("key", flat=True) if kept else ()
    return [*form.cleaned_data["subtypes"], *hidden]


def _person(seat: Seat, mailbox: Mailbox) -> User | Contact:
    membership = seat.workspace.memberships.select_related("user").filter(user__email__iexact=mailbox.address).first()
    return membership.user if membership else contact_of(seat.workspace, mailbox)
