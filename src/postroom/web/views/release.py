"""A copied or moved installation holds its mail back: shall it leave?"""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from postroom.policy.permission import Action
from postroom.web.forms import Confirmation
from postroom.web.seat import needs
from postroom.workspaces import audit
from postroom.workspaces.access import Seat
from postroom.workspaces.identity import captures, home, identity, release
from postroom.workspaces.models import Installation


@needs(Action.RELEASE_MAIL)
def release_mail(request: HttpRequest, seat: Seat) -> HttpResponse:
    """On a hosted platform its operator decides, by `postroom release`: no workspace's owner may for all others."""
    if settings.POSTROOM.hosted:
        raise PermissionDenied
    if not captures():
        return redirect("home")
    form = Confirmation(request.POST or None, phrase=identity())
    if form.is_valid():
        _release(seat)
        messages.success(request, _("Mail leaves from here now."))
        return redirect("home")
    context = {
        "form": form,
        "title": _("Release the mail"),
        "consequence": _(
            "The data belongs to %(home)s, and this is %(here)s. If this is a copy for a trial, leave it as it is: "
            "otherwise customers get everything that waits a second time. If the installation has moved, release it: "
            "all mail that waits leaves, mailboxes are fetched from and programs are told. That cannot be undone."
        )
        % {"home": home(), "here": identity()},
        "action": _("Release the mail"),
        "back": reverse("home"),
    }
    return render(request, "web/confirm.html", context)


@transaction.atomic
def _release(seat: Seat) -> None:
    row = Installation.objects.get()
    before = audit.snapshot(row)
    release(by=str(seat.user))
    row.refresh_from_db()
    audit.record_change(row, workspace=seat.workspace, by=seat.user, before=before)
