"""A copied or moved installation holds its mail back: shall it leave?"""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from postroom.inbound.models import IncomingServer
from postroom.outbound import listing
from postroom.policy.permission import Action
from postroom.web.forms import Confirmation
from postroom.web.seat import needs
from postroom.webhooks.models import Webhook
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
        "facts": _what_begins(),
        "action": _("Release the mail"),
        "back": reverse("home"),
    }
    return render(request, "web/confirm.html", context)


def _what_begins() -> list[str]:
    """A sentence for each thing that the release sets going, of all workspaces."""
    waiting, most = listing.waiting_anywhere(), listing.MOST_COUNTED
    mailboxes = IncomingServer.objects.filter(is_active=True).count()
    webhooks = Webhook.objects.filter(is_active=True).count()
    told = [
        (waiting, ngettext("%(count)s delivery waits.", "%(count)s deliveries wait.", waiting)),
        (
            mailboxes,
            ngettext("%(count)s mailbox will be fetched from.", "%(count)s mailboxes will be fetched from.", mailboxes),
        ),
        (webhooks, ngettext("%(count)s webhook will be told.", "%(count)s webhooks will be told.", webhooks)),
    ]
    return [
        sentence % {"count": f"{count:,}" if count < most else _("%(most)s or more") % {"most": f"{most:,}"}}
        for count, sentence in told
        if count
    ]


@transaction.atomic
def _release(seat: Seat) -> None:
    row = Installation.objects.get()
    before = audit.snapshot(row)
    release(by=str(seat.user))
    row.refresh_from_db()
    audit.record_change(row, workspace=seat.workspace, by=seat.user, before=before)
