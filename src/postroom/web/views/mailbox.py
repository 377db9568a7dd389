"""How does a person let their mail leave through their own mailbox?"""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.errors import PostroomError
from postroom.outbound import stand
from postroom.policy.permission import Action
from postroom.servers.models import OutgoingServer
from postroom.servers.personal import new_personal_server, personal_server, save_personal_server
from postroom.servers.presets import presets
from postroom.web.forms import Confirmation
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.web.server_account import account_of
from postroom.web.server_form import ENCRYPTIONS
from postroom.workspaces.access import Seat
from postroom.workspaces.audit import record_change, snapshot

KINDS = (
    ("gmail", gettext_lazy("Gmail: sign in at Google")),
    ("outlook", gettext_lazy("Outlook: sign in at Microsoft")),
    ("login", gettext_lazy("Another provider: user name and password")),
)
BY_LOGIN = "login"


class MailboxForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """Where the mailbox is; with Gmail and Outlook that is known."""

    authentication = forms.ChoiceField(label=gettext_lazy("Your mailbox is at"), choices=KINDS)
    host = forms.CharField(
        label=gettext_lazy("SMTP Server"), required=False, max_length=253,
        help_text=gettext_lazy("As your provider gives it, such as smtp.example.com."),
    )  # fmt: skip
    encryption = forms.ChoiceField(label=gettext_lazy("Connection Encryption"), choices=ENCRYPTIONS[1::2])
    password = forms.CharField(label=gettext_lazy("Password"), required=False, widget=forms.PasswordInput)

    class Meta:
        model = OutgoingServer
        fields = ("authentication", "host", "encryption", "port", "username")
        labels = {"port": gettext_lazy("SMTP Port"), "username": gettext_lazy("Username")}  # noqa: RUF012 – as Django reads it
        help_texts = {  # noqa: RUF012 – likewise
            "port": gettext_lazy("465 for SSL/TLS, 587 or 2525 for STARTTLS. Many networks block 25."),
        }

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if found.get("authentication") == BY_LOGIN:
            if not found.get("password"):
                self.add_error("password", _("Enter the password of the mailbox."))
        else:  # what the provider prescribes
            found |= {"host": "", "encryption": "starttls", "username": self.instance.owner.email, "password": ""}
        return found

    def store(self) -> bool:
        """Whether it is stored; otherwise the form says what is wrong."""
        self.instance.password = self.cleaned_data["password"]
        try:
            save_personal_server(self.instance)
        except PostroomError as error:
            self.add_error(error.field if error.field in self.fields else None, words_of(error))
            return False
        return True


@needs(Action.SEND_MAIL)
def mailbox(request: HttpRequest, seat: Seat) -> HttpResponse:
    server = personal_server(seat.workspace, seat.user)
    if server is not None:
        return render(request, "web/mailbox.html", _facts(server))
    form = MailboxForm(request.POST or None, instance=new_personal_server(seat.workspace, seat.user))
    if form.is_valid() and form.store():
        messages.success(request, _("Your mailbox is stored."))
        return redirect("mailbox")
    choices = [preset for preset in presets() if preset.hosts and preset.authentication == BY_LOGIN]
    return render(request, "web/mailbox_new.html", {"form": form, "presets": choices, "email": seat.user.email})


@needs(Action.SEND_MAIL)
def remove(request: HttpRequest, seat: Seat) -> HttpResponse:
    """What waits is routed again."""
    server = personal_server(seat.workspace, seat.user)
    if server is None:
        raise Http404
    form = Confirmation(request.POST or None, phrase=seat.user.email)
    if form.is_valid():
        _archive(server, seat)
        messages.success(request, _("Your mail leaves through the workspace's servers again."))
        return redirect("mailbox")
    context = {
        "title": _("Remove your mailbox"),
        "consequence": _("Your mail, that which waits included, leaves through the workspace's servers again."),
        "action": _("Remove"),
        "back": "/mailbox",
        "form": form,
    }
    return render(request, "web/confirm.html", context)


@transaction.atomic
def _archive(server: OutgoingServer, seat: Seat) -> None:
    before = snapshot(server)
    server.archived_at, server.password = timezone.now(), ""
    server.save(update_fields=["archived_at", "password"])
    record_change(server, workspace=seat.workspace, by=seat.user, before=before)


def _facts(server: OutgoingServer) -> dict[str, object]:
    closed = stand.closed_outlets(server.workspace).get(server.pk)
    return {
        "server": server,
        "oauth": account_of(server),
        "fault": closed.fault if closed else "",
        "address": server.from_filter,
        "is_hosted": settings.POSTROOM.hosted,
    }
