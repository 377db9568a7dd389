"""From where mail is fetched: the incoming servers, each with what its visits found, and a trial of it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from postroom.inbound.mailboxes.mailbox import Step
from postroom.inbound.mailboxes.save import remove_incoming_server, save_incoming_server
from postroom.inbound.mailboxes.trial import ask_for_trial
from postroom.inbound.models import IncomingServer
from postroom.policy.permission import Action
from postroom.vault import SealBrokenError
from postroom.web.forms import Confirmation, lock, stored
from postroom.web.seat import needs
from postroom.web.server_account import account_of_incoming
from postroom.workspaces import audit
from postroom.workspaces.access import Seat

STEPS = {
    Step.RESOLVE: gettext_lazy("Find the host"),
    Step.CONNECT: gettext_lazy("Connect"),
    Step.TLS: gettext_lazy("Encrypt"),
    Step.GREETING: gettext_lazy("Greeting"),
    Step.LOGIN: gettext_lazy("Log in"),
    Step.FOLDER: gettext_lazy("Open the folder"),
    Step.LIST: gettext_lazy("List the mail"),
}
LABELS = {
    "name": gettext_lazy("Name"),
    "is_active": gettext_lazy("Mail is fetched from it"),
    "host": gettext_lazy("Host"),
    "port": gettext_lazy("Port"),
    "username": gettext_lazy("Username"),
    "folder": gettext_lazy("Folder"),
    "record_type": gettext_lazy("Creates records of the type"),
    "poll_seconds": gettext_lazy("Seconds between looks"),
    "verifies_certificate": gettext_lazy("The server must prove its name by a certificate"),
    "ca_certificate": gettext_lazy("Certificate of its authority"),
}
HINTS = {
    "host": gettext_lazy("As your provider gives it, such as imap.example.com. Gmail and Outlook need none."),
    "port": gettext_lazy("993 for IMAP and 995 for POP3 with SSL/TLS; 143 and 110 otherwise."),
    "username": gettext_lazy("Often the complete address."),
    "folder": gettext_lazy("Of IMAP; POP3 knows one alone."),
    "record_type": gettext_lazy("For mail that belongs nowhere else, such as crm.lead. Empty: it waits on the desk."),
    "poll_seconds": gettext_lazy("An IMAP server with IDLE reports new mail at once."),
    "ca_certificate": gettext_lazy("PEM; trusted instead of the system's authorities."),
    **dict.fromkeys(("is_active", "verifies_certificate"), ""),
}
WIDGETS = {"ca_certificate": forms.Textarea(attrs={"rows": 3})}


class IncomingServerForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """A mailbox elsewhere; the password is never shown, and stays when its field is left empty."""

    protocol = forms.ChoiceField(label=gettext_lazy("Protocol"), choices=IncomingServer.Protocol.choices)
    encryption = forms.ChoiceField(
        label=gettext_lazy("Connection Encryption"),
        choices=[
            ("tls", gettext_lazy("SSL/TLS")),
            ("starttls", gettext_lazy("TLS (STARTTLS)")),
            ("none", pgettext_lazy("encryption", "None")),
        ],
    )
    authentication = forms.ChoiceField(
        label=gettext_lazy("Authenticate with"),
        choices=[
            ("login", gettext_lazy("Username")),
            ("gmail", gettext_lazy("Gmail OAuth Authentication")),
            ("outlook", gettext_lazy("Outlook OAuth Authentication")),
        ],
        help_text=gettext_lazy("With OAuth, save this first; then the account is connected on this page."),
    )
    password = forms.CharField(label=gettext_lazy("Password"), required=False, widget=forms.PasswordInput)
    afterwards = forms.ChoiceField(
        label=gettext_lazy("Mail that is safe here"),
        choices=[
            ("seen", gettext_lazy("is marked as read there (IMAP)")),
            ("delete", gettext_lazy("is deleted there")),
            ("keep", gettext_lazy("is left there as it is")),
        ],
    )

    class Meta:
        model = IncomingServer
        fields = (
            "name", "is_active", "protocol", "encryption", "host", "port", "authentication", "username", "password",
            "folder", "afterwards", "record_type", "poll_seconds", "verifies_certificate", "ca_certificate",
        )  # fmt: skip
        labels = LABELS
        help_texts = HINTS
        widgets = WIDGETS

    def __init__(self, seat: Seat, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seat = seat
        self._kept = _password_of(self.instance)
        self.fields["password"].widget.attrs["autocomplete"] = "new-password"
        if self._kept:
            self.fields["password"].help_text = _("One is stored. Leave this empty to keep it.")

    def store(self) -> None:
        """InvalidServerError."""
        server: IncomingServer = self.instance
        server.password = self.cleaned_data["password"] or self._kept
        if {"username", "authentication"} & set(self.changed_data):
            server.oauth_account = None  # another mailbox than the one that was connected
        with audit.noting(server, workspace=self._seat.workspace, by=self._seat.user):
            save_incoming_server(server)


@require_safe
@needs(Action.SEE_SETTINGS)
def server_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    servers = seat.workspace.incoming_servers.select_related("oauth_account").defer("password").order_by("name", "pk")
    return render(request, "web/incoming_servers.html", {"servers": servers})


@needs(Action.CHANGE_SETTINGS)
def new_server(request: HttpRequest, seat: Seat) -> HttpResponse:
    return _form_page(request, seat, IncomingServer(workspace=seat.workspace))


@needs(Action.SEE_SETTINGS)
def server_page(request: HttpRequest, seat: Seat, incoming_server_id: int) -> HttpResponse:
    return _form_page(request, seat, find_incoming_server(seat, incoming_server_id))


@needs(Action.SEE_SETTINGS)
def server_trial(request: HttpRequest, seat: Seat, incoming_server_id: int) -> HttpResponse:
    """Asked for here, made by a worker, shown while it runs."""
    server = find_incoming_server(seat, incoming_server_id)
    if request.method == "POST":
        _require_change(seat)
        ask_for_trial(server)
        return redirect("incoming-server-test", server.pk)
    context = {"server": server, **_trial(server)}
    template = "web/_incoming_trial.html" if "HX-Request" in request.headers else "web/incoming_trial.html"
    return render(request, template, context)


@needs(Action.CHANGE_SETTINGS)
def remove_server(request: HttpRequest, seat: Seat, incoming_server_id: int) -> HttpResponse:
    server = find_incoming_server(seat, incoming_server_id)
    form = Confirmation(request.POST or None, phrase=server.name)
    if form.is_valid():
        with transaction.atomic():
            audit.record_removal(server, workspace=seat.workspace, by=seat.user)
            remove_incoming_server(server)
        messages.success(request, _("%(name)s is removed.") % {"name": server.name})
        return redirect("incoming-servers")
    context = {
        "form": form,
        "title": _("Remove %(name)s") % {"name": server.name},
        "consequence": _(
            "No mail is fetched from it any more. What was fetched stays here, and what is there stays there. To only "
            "pause it, untick “Mail is fetched from it” instead."
        ),
        "action": _("Remove"),
        "back": reverse("incoming-server", args=[server.pk]),
    }
    return render(request, "web/confirm.html", context)


def _require_change(seat: Seat) -> None:
    """PermissionDenied."""
    if not seat.may(Action.CHANGE_SETTINGS):
        raise PermissionDenied


def _form_page(request: HttpRequest, seat: Seat, server: IncomingServer) -> HttpResponse:
    name, is_new = server.name, server.pk is None
    form = IncomingServerForm(seat, request.POST or None, instance=server)
    if request.method == "POST":
        _require_change(seat)
        if form.is_valid() and stored(form, form.store):
            messages.success(request, _("%(name)s is saved.") % {"name": server.name})
            if "test" in request.POST:
                ask_for_trial(server)
                return redirect("incoming-server-test", server.pk)
            return redirect("incoming-server", server.pk)
    may_change = seat.may(Action.CHANGE_SETTINGS)
    if not may_change:
        lock(form)
    context = {
        "form": form,
        "server": None if is_new else server,
        "name": name,
        "may_change": may_change,
        "oauth": None if is_new else account_of_incoming(server),
    }
    return render(request, "web/incoming_server.html", context)


def _trial(server: IncomingServer) -> dict[str, Any]:
    """What `_incoming_trial.html` shows of the last one."""
    findings = server.trial.get("findings", [])
    rows = [
        (STEPS.get(found["step"], found["step"]), found["is_ok"], found["words"], found["hint"]) for found in findings
    ]
    return {
        "asked": bool(server.trial),
        "is_running": bool(server.trial) and not server.trial.get("is_over"),
        "rows": rows,
        "fault": next((row for row in rows if not row[1]), None),
    }


def find_incoming_server(seat: Seat, incoming_server_id: int) -> IncomingServer:
    """Without its password, which may be sealed under another key; 404 also for another workspace's."""
    rows = seat.workspace.incoming_servers.select_related("workspace", "oauth_account").defer("password")
    return get_object_or_404(rows, pk=incoming_server_id)


def _password_of(server: IncomingServer) -> str:
    """The stored one; "" also for one that was stored under another key of the installation."""
    try:
        return str(server.password)
    except SealBrokenError:
        server.password = ""
        return ""
