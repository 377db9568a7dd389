"""How is an outgoing server filled in: its fields, what a provider's preset fills in, and what is refused?"""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from postroom.policy.provider import Preset
from postroom.servers.endpoints import BLOCKED_PORT, BlockedPortError
from postroom.servers.models import OutgoingServer
from postroom.servers.save import InvalidServerError, save_server
from postroom.vault import SealBrokenError
from postroom.web.http import words_of
from postroom.web.server_words import FilterEntry, filter_entries, malformed

PORTS = {"none": 25, "starttls": 587, "opportunistic": 25, "tls": 465}
SECRETS = ("password", "client_key")
# Fields as the page groups them; the first group stands open.
GROUPS = (
    ("", ("name", "priority", "from_filter")),
    (gettext_lazy("Connection"), ("host", "encryption", "port")),
    (
        gettext_lazy("Authentication"),
        ("authentication", "username", "password"),
    ),
    (gettext_lazy("SSL Certificate"), ("client_certificate", "client_key")),
    (
        gettext_lazy("Limits"),
        (
            "max_connections", "max_messages_per_connection", "max_messages_per_second", "max_messages_per_minute",
            "max_messages_per_hour", "max_messages_per_day", "max_message_bytes",
        ),
    ),
    (
        gettext_lazy("Certificate, signatures and debugging"),
        (
            "verifies_certificate", "ca_certificate", "signed_by", "dkim_selectors", "allows_sub_addresses",
            "logs_dialog",
        ),
    ),
)  # fmt: skip
ENCRYPTIONS = (
    ("none", pgettext_lazy("encryption", "None")),
    ("starttls", gettext_lazy("TLS (STARTTLS)")),
    ("opportunistic", gettext_lazy("TLS (STARTTLS) if offered, unverified")),
    ("tls", gettext_lazy("SSL/TLS")),
)
AUTHENTICATIONS = (
    ("login", gettext_lazy("Username")),
    ("certificate", gettext_lazy("SSL Certificate")),
    ("default_server", gettext_lazy("Command Line Interface: this installation's default server")),
    ("gmail", gettext_lazy("Gmail OAuth Authentication")),
    ("outlook", gettext_lazy("Outlook OAuth Authentication")),
)
SIGNERS = (
    ("both", gettext_lazy("Whoever has a key")),
    ("postroom", gettext_lazy("Postroom")),
    ("provider", gettext_lazy("The provider")),
)

LABELS = {
    "name": gettext_lazy("Name"),
    "priority": gettext_lazy("Priority"),
    "from_filter": gettext_lazy("FROM Filtering"),
    "host": gettext_lazy("SMTP Server"),
    "encryption": gettext_lazy("Connection Encryption"),
    "port": gettext_lazy("SMTP Port"),
    "authentication": gettext_lazy("Authenticate with"),
    "username": gettext_lazy("Username"),
    "client_certificate": gettext_lazy("Certificate"),
    "max_connections": gettext_lazy("Connections at a time"),
    "max_messages_per_connection": gettext_lazy("Messages in a connection"),
    "max_messages_per_second": gettext_lazy("Messages a second"),
    "max_messages_per_minute": gettext_lazy("Messages a minute"),
    "max_messages_per_hour": gettext_lazy("Messages an hour"),
    "max_messages_per_day": gettext_lazy("Messages a day"),
    "max_message_bytes": gettext_lazy("Largest message, in bytes"),
    "verifies_certificate": gettext_lazy("The server must prove its name by a certificate"),
    "ca_certificate": gettext_lazy("Certificate of its authority"),
    "dkim_selectors": gettext_lazy("DKIM selectors of the provider"),
    "allows_sub_addresses": gettext_lazy("The provider lets sub-addresses through (bounce+token@)"),
    "logs_dialog": gettext_lazy("Debugging: show and log the SMTP dialogs"),
}
HINTS = {
    "name": gettext_lazy("Between servers of the same priority the first by name is chosen."),
    "priority": gettext_lazy(
        "The lower the value, the earlier the server is chosen: give the one for day-to-day mail 1, for example, and "
        "the one for mailings 2."
    ),
    "from_filter": gettext_lazy(
        "The domains and complete addresses that the provider lets you send from, separated by commas. Mail of "
        "any other sender leaves under the notification address. Fill it in as the provider's instructions say."
    ),
    "host": gettext_lazy("As your provider gives it, such as smtp.example.com."),
    "port": gettext_lazy("465 for SSL/TLS, 587 or 2525 for STARTTLS. Many networks block 25."),
    "username": gettext_lazy("Empty: no login."),
    "max_connections": gettext_lazy("As many as the provider allows; it refuses more."),
    "client_certificate": "PEM",
    "max_message_bytes": gettext_lazy("Empty: as large as the server itself says."),
    "max_messages_per_second": gettext_lazy("What is over a limit waits; nothing fails because of it."),
    "ca_certificate": gettext_lazy("PEM; trusted instead of the system's authorities."),
    "dkim_selectors": gettext_lazy("As its console shows them, separated by commas."),
    "allows_sub_addresses": gettext_lazy(
        "Each message has a return path of its own by it. Switch it off where the provider refuses that; errors are "
        "then known by their Message-ID."
    ),
    "verifies_certificate": gettext_lazy("Switch it off only for a server of your own that has no certificate."),
    "logs_dialog": gettext_lazy("Passwords are left out. Switch it off once the fault is found."),
}
WIDGETS = {
    "from_filter": forms.Textarea(
        attrs={
            "rows": 2,
            "hx-get": reverse_lazy("server-filter"),
            "hx-trigger": "input changed delay:400ms",
            "hx-target": "#filter-check",
            "hx-include": "closest form",
            "hx-params": "from_filter,priority,name,server",
        }
    ),
    "ca_certificate": forms.Textarea(attrs={"rows": 3}),
    "client_certificate": forms.Textarea(attrs={"rows": 3}),
}


class ServerForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """An outgoing server; secrets are never shown, and stay when their fields are left empty."""

    encryption = forms.ChoiceField(
        label=LABELS["encryption"], choices=ENCRYPTIONS, widget=forms.Select(attrs={"data-suggests": "id_port"}),
        help_text=gettext_lazy("As your provider says. Without encryption passwords can be read on the way."),
    )  # fmt: skip
    authentication = forms.ChoiceField(
        label=LABELS["authentication"], choices=AUTHENTICATIONS,
        help_text=gettext_lazy(
            "Gmail and Outlook take no passwords from programs: choose OAuth. Beside a server of your own, the default "
            "server's FROM filter holds the sub-domain, and your server's your own domain."
        ),
    )  # fmt: skip
    signed_by = forms.ChoiceField(
        label=gettext_lazy("DKIM signatures by"), choices=SIGNERS,
        help_text=gettext_lazy(
            "The provider signs where its console has keys for your domain. Two signatures do no harm."
        ),
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("Password"), required=False, widget=forms.PasswordInput,
        help_text=gettext_lazy("It is stored encrypted, and not shown again."),
    )  # fmt: skip
    client_key = forms.CharField(
        label=gettext_lazy("Private key"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("PEM. It is not shown again."),
    )  # fmt: skip

    class Meta:
        model = OutgoingServer
        fields = tuple(name for _title, names in GROUPS for name in names if name not in SECRETS)
        labels = LABELS
        help_texts = HINTS
        widgets = WIDGETS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs["autocomplete"] = "new-password"
        self.fields["username"].widget.attrs["autocomplete"] = "off"
        if secret_of(self.instance, "password"):
            self.fields["password"].help_text = _("One is stored. Leave this empty to keep it.")
        if settings.POSTROOM.hosted:
            self.fields["port"].help_text = _("465 for SSL/TLS, 587 or 2525 for STARTTLS. Port 25 is blocked here.")

    def entries(self) -> list[FilterEntry]:
        """Of the FROM filter as it was typed last."""
        return filter_entries(self["from_filter"].value())

    def groups(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        """Title, fields, and whether the group stands open: the usual ones, and those with a fault."""
        return [
            (str(title), [self[name] for name in names], number < 3 or any(self[name].errors for name in names))
            for number, (title, names) in enumerate(GROUPS)
        ]

    def clean_from_filter(self) -> str:
        text: str = self.cleaned_data["from_filter"]
        if faults := malformed(text):
            raise ValidationError(faults)
        return text

    def store(self) -> bool:
        """Whether the server is correct and stored; otherwise the form says what is wrong."""
        for name in SECRETS:
            if given := self.cleaned_data.get(name):
                setattr(self.instance, name, given)
            elif secret_of(self.instance, name) == "":
                setattr(self.instance, name, "")  # one that cannot be read cannot be kept either
        try:
            save_server(self.instance)
        except (InvalidServerError, BlockedPortError) as error:
            self.add_error(error.field if error.field in self.fields else None, words_of(error))
            return False
        return True


def usual_ports() -> dict[str, int]:
    """By encryption; on a hosted platform none that is blocked."""
    blocked = BLOCKED_PORT if settings.POSTROOM.hosted else None
    return {encryption: 587 if port == blocked else port for encryption, port in PORTS.items()}


def secret_of(row: Model, name: str) -> str:
    """The stored secret; "" also for one that was stored under another key of the installation."""
    try:
        return str(getattr(row, name))
    except SealBrokenError:
        setattr(row, name, "")
        return ""


def filled_in(preset: Preset) -> dict[str, object]:
    """What the provider's preset knows of a new server."""
    port = preset.ports[0] if preset.ports else None
    limits = preset.limits
    facts = {
        "name": preset.name,
        "host": preset.hosts[0] if preset.hosts else "",
        "port": port and port.number,
        "encryption": port and port.encryption,
        "authentication": preset.authentication,
        "max_connections": limits.connections,
        "max_messages_per_connection": limits.messages_per_connection,
        "max_messages_per_minute": limits.messages_per_minute,
        "max_messages_per_day": limits.messages_per_day,
        "max_message_bytes": limits.message_bytes,
    }
    return {name: value for name, value in facts.items() if value}
