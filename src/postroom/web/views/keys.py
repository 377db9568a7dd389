"""With which API keys do applications act for the workspace? Made here and shown once, revoked at any time."""

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.policy.permission import Action
from postroom.web.forms import Confirmation
from postroom.web.seat import needs
from postroom.workspaces import audit
from postroom.workspaces.access import Seat
from postroom.workspaces.keys import create_key, digest_of, revoke_key


class KeyForm(forms.Form):
    """What the key is for."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("The application that will use it.")
    )


@needs(Action.MANAGE_KEYS)
def key_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    """A new key stands on the page that answers its form, and nowhere else ever."""
    form = KeyForm(request.POST or None)
    new = ""
    if form.is_valid():
        new, form = _create(seat, form.cleaned_data["name"]), KeyForm()
    keys = seat.workspace.api_keys.order_by("-pk")
    context = {"form": form, "new": new, "keys": keys.filter(revoked_at=None), "revoked": keys.exclude(revoked_at=None)}
    answer = render(request, "web/keys.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@needs(Action.MANAGE_KEYS)
def revoke(request: HttpRequest, seat: Seat, key_id: int) -> HttpResponse:
    key = get_object_or_404(seat.workspace.api_keys, pk=key_id, revoked_at=None)
    form = Confirmation(request.POST or None, phrase=key.name)
    if form.is_valid():
        with audit.noting(key, workspace=seat.workspace, by=seat.user):
            revoke_key(key)
        messages.success(request, _("The key %(name)s opens nothing any more.") % {"name": key.name})
        return redirect("keys")
    context = {
        "form": form,
        "title": _("Revoke %(name)s") % {"name": key.name},
        "consequence": _("Whoever uses this key is refused from now on. That cannot be undone: make a new one."),
        "action": _("Revoke"),
        "back": reverse("keys"),
    }
    return render(request, "web/confirm.html", context)


@transaction.atomic
def _create(seat: Seat, name: str) -> str:
    key = create_key(seat.workspace, name=name)
    row = seat.workspace.api_keys.get(digest=digest_of(key))
    audit.record_change(row, workspace=seat.workspace, by=seat.user, before=None)
    return key
