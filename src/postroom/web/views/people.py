"""Who belongs to the workspace, as what, and who is invited."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from postroom.errors import PostroomError
from postroom.policy.permission import Action, Role, may_give
from postroom.web import mail
from postroom.web.forms import Confirmation
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.web.vocabulary import ROLES
from postroom.workspaces import people
from postroom.workspaces.access import Seat
from postroom.workspaces.models import Membership, SecondFactor


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person of the workspace, and what the one who looks may do about them."""

    id: int
    name: str
    email: str
    role: str
    role_word: str
    has_second_factor: bool
    is_you: bool
    may_change: bool
    may_remove: bool


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation that is not used yet."""

    id: int
    email: str
    role_word: str
    expires_at: Any


class InviteForm(forms.Form):
    """Whom, and as what."""

    email = forms.EmailField(label=gettext_lazy("E-mail address"))

    def __init__(self, seat: Seat, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(role, f"{word} – {meaning}") for role, word, meaning in _roles(seat)]
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=choices, initial=Role.MEMBER.value)


@needs(Action.SEE_SETTINGS)
def people_page(request: HttpRequest, seat: Seat) -> HttpResponse:
    form = InviteForm(seat, request.POST or None) if seat.may(Action.MANAGE_PEOPLE) else None
    if form is not None and form.is_valid() and _invite(seat, form):
        messages.success(request, _("The invitation to %(email)s is on its way.") % form.cleaned_data)
        return redirect("people")
    context = {"people": _people(seat), "invitations": _invitations(seat), "form": form, "roles": _roles(seat)}
    return render(request, "web/people.html", context)


@require_POST
@needs(Action.MANAGE_PEOPLE)
def person(request: HttpRequest, seat: Seat, membership_id: int) -> HttpResponse:
    membership = get_object_or_404(seat.workspace.memberships, pk=membership_id)
    if (role := request.POST.get("role")) not in list(Role):
        raise PermissionDenied
    try:
        people.change_role(seat, membership, Role(role))
        messages.success(
            request, _("%(email)s is %(role)s now.") % {"email": membership.user, "role": ROLES[Role(role)][0]}
        )
    except PostroomError as error:
        messages.error(request, words_of(error))
    return redirect("people")


@needs(Action.SEE_MAIL)
def remove_person(request: HttpRequest, seat: Seat, membership_id: int) -> HttpResponse:
    """Also the way to leave, which is everybody's right."""
    membership = get_object_or_404(seat.workspace.memberships.select_related("user"), pk=membership_id)
    is_you = membership.user_id == seat.user.pk
    if not is_you and not may_give(seat.role, Role(membership.role)):
        raise PermissionDenied
    form = Confirmation(request.POST or None, phrase=membership.user.email)
    if form.is_valid():
        try:
            people.remove(seat, membership)
        except PostroomError as error:
            messages.error(request, words_of(error))
        return redirect("home" if is_you else "people")
    names = {"email": membership.user.email, "workspace": seat.workspace.name}
    context = {
        "form": form,
        "title": _("Leave %(workspace)s") % names if is_you else _("Remove %(email)s") % names,
        "consequence": _(
            "%(email)s will no longer see %(workspace)s. What they wrote and sent stays. To undo it, invite them again."
        )
        % names,
        "action": _("Leave") if is_you else _("Remove"),
        "back": reverse("people" if seat.may(Action.SEE_SETTINGS) else "profile"),
    }
    return render(request, "web/confirm.html", context)


@require_POST
@needs(Action.MANAGE_PEOPLE)
def take_back_invitation(request: HttpRequest, seat: Seat, invitation_id: int) -> HttpResponse:
    found = get_object_or_404(seat.workspace.invitations, pk=invitation_id)
    people.take_back(seat, found)
    messages.success(request, _("The invitation of %(email)s is taken back.") % {"email": found.email})
    return redirect("people")


def _invite(seat: Seat, form: InviteForm) -> bool:
    try:
        with transaction.atomic():
            invitation, token = people.invite(seat, form.cleaned_data["email"], role=Role(form.cleaned_data["role"]))
            mail.send_invitation(invitation, token)
    except PostroomError as error:
        form.add_error("email", words_of(error))
        return False
    return True


def _people(seat: Seat) -> list[PersonRow]:
    factor = SecondFactor.objects.filter(user=OuterRef("user")).exclude(confirmed_at=None)
    members = seat.workspace.memberships.select_related("user").annotate(has_second_factor=Exists(factor))
    return [_row(seat, member, member.has_second_factor) for member in members.order_by("user__name", "user__email")]


def _row(seat: Seat, member: Membership, has_second_factor: bool) -> PersonRow:  # noqa: FBT001 – annotated, not a switch
    role, is_you = Role(member.role), member.user_id == seat.user.pk
    may_change = may_give(seat.role, role)
    return PersonRow(
        id=member.pk,
        name=member.user.name,
        email=member.user.email,
        role=role.value,
        role_word=str(ROLES[role][0]),
        has_second_factor=has_second_factor,
        is_you=is_you,
        may_change=may_change,
        may_remove=may_change or is_you,
    )


def _invitations(seat: Seat) -> list[InvitationRow]:
    rows = seat.workspace.invitations.filter(expires_at__gt=timezone.now()).order_by("email")
    return [InvitationRow(row.pk, row.email, str(ROLES[Role(row.role)][0]), row.expires_at) for row in rows]


def _roles(seat: Seat) -> list[tuple[str, Any, Any]]:
    """Those that the person may give."""
    return [(role.value, *words) for role, words in ROLES.items() if may_give(seat.role, role)]
