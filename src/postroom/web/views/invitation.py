"""Where the link of an invitation leads: a stranger chooses a password, a known person signs in; then they belong."""

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from postroom.web.seat import PARAMETER
from postroom.web.views.sign_in import BACKEND
from postroom.workspaces import people
from postroom.workspaces.models import Invitation, User


class JoinForm(SetPasswordForm):  # type: ignore[type-arg] # takes no parameters at run time
    """Who somebody new is."""

    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ("name", "new_password1", "new_password2")


@login_not_required
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    found = people.find_invitation(token)
    if found is None:
        return render(request, "web/invitation.html", {"invitation": None}, status=404)
    known = User.objects.filter(email=found.email).first()
    if known is None:
        return _join_as_stranger(request, found)
    is_theirs = request.user == known
    if is_theirs and request.method == "POST":
        return _join(request, found, known)
    return render(request, "web/invitation.html", {"invitation": found, "is_theirs": is_theirs})


def _join_as_stranger(request: HttpRequest, found: Invitation) -> HttpResponse:
    """The link came to this address, which proves that it is theirs."""
    user = User(email=found.email)
    form = JoinForm(user, request.POST or None)
    if not form.is_valid():
        return render(request, "web/invitation.html", {"invitation": found, "form": form})
    user.name = form.cleaned_data["name"]
    form.save()
    login(request, user, backend=BACKEND)
    return _join(request, found, user)


def _join(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    people.accept(found, user)
    request.session[PARAMETER] = found.workspace.slug
    return redirect("home")
