"""How are the general settings of a workspace filled in and stored, with the alias domain of one of its companies?"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain, CompanyAliasDomain
from postroom.policy.opens import Followed
from postroom.policy.routing import Policy
from postroom.rfc.address import domain_to_ascii
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.web.company import give
from postroom.workspaces import audit
from postroom.workspaces.access import Seat
from postroom.workspaces.models import Company, Workspace

POLICIES = (
    (Policy.DOCUMENTED.value, gettext_lazy("The first server without FROM filtering")),
    (Policy.PREFER_NOTIFICATION_SERVER.value, gettext_lazy("The server whose filter holds the notification address")),
)
UNKNOWN = ((True, gettext_lazy("is sent again")), (False, gettext_lazy("waits for a person")))
OPENS = (
    (Followed.NONE.value, gettext_lazy("Of no mail")),
    (Followed.MASS.value, gettext_lazy("Of mass mail")),
    (Followed.ALL.value, gettext_lazy("Of all mail")),
)
# Those of the workspace as the page groups them, with the largest value of a number.
TIMES = {"grace_seconds": 86_400, "lifetime_hours": 720, "mass_lifetime_hours": 720}
DAYS = {"body_days": 3_650, "history_days": 3_650}
CHOICES = ("routing_policy", "follows_opens", "resends_unknown", "resends_unknown_mass")
SWITCHES = ("signs_return_path", "drops_repeats", "bounces_to_author")
STORED = ("name", "uses_custom_servers", *CHOICES, *SWITCHES, *TIMES, *DAYS)

LABELS = {
    "name": gettext_lazy("Name of the workspace"),
    "uses_custom_servers": gettext_lazy("Use Custom Email Servers"),
    "signs_return_path": gettext_lazy("Give each delivery a return path of its own"),
    "drops_repeats": gettext_lazy("Send what an application hands in twice by SMTP only once"),
    "bounces_to_author": gettext_lazy("Tell authors whom their mail does not reach"),
}
HINTS = {
    "uses_custom_servers": gettext_lazy("Send through your own provider instead of the default server."),
    "signs_return_path": gettext_lazy("A bounce then finds its delivery without being read."),
    "drops_repeats": gettext_lazy("The same Message-ID to the same recipients within 24 hours."),
    "bounces_to_author": gettext_lazy("Only of transactional mail."),
}


def _number(label: Any, most: int, hint: Any = "", *, least: int = 1) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, help_text=hint)


def _unknown(label: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(label=label, choices=UNKNOWN, coerce=lambda text: text == "True")


class GeneralForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """The workspace's own values, its server for mass mail, and the alias domain of the company looked at."""

    alias_domain = forms.CharField(
        label=gettext_lazy("Alias Domain"), max_length=253, required=False,
        help_text=gettext_lazy("A new name becomes an alias domain. Empty: the sub-domain of the workspace."),
        widget=forms.TextInput(attrs={"list": "alias-domains", "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    has_dedicated_server = forms.BooleanField(
        label=gettext_lazy("Dedicated Server"), required=False,
        help_text=gettext_lazy("Mass mail leaves through a server of its own, whatever its priority and FROM filter."),
    )  # fmt: skip
    dedicated_server = forms.ModelChoiceField(
        label=gettext_lazy("Server for mass mail"), required=False, empty_label=gettext_lazy("Choose…"),
        queryset=OutgoingServer.objects.none(),
    )  # fmt: skip
    routing_policy = forms.ChoiceField(
        label=gettext_lazy("Mail that no FROM filter holds leaves through"), choices=POLICIES
    )
    resends_unknown = _unknown(gettext_lazy("Transactional mail that may have arrived"))
    resends_unknown_mass = _unknown(gettext_lazy("Mass mail that may have arrived"))
    follows_opens = forms.ChoiceField(
        label=gettext_lazy("Notice when mail is opened"), choices=OPENS,
        help_text=gettext_lazy(
            "Formatted (HTML) mail then carries an invisible image that tells when it is read. That observes people: "
            "in many countries they must agree first. Mail handed in by SMTP stays as it is. Programs that load images "
            "by themselves look like readers, and readers whose program loads none are never seen."
        ),
    )  # fmt: skip
    grace_seconds = _number(
        gettext_lazy("Time to undo, in seconds"), TIMES["grace_seconds"],
        gettext_lazy("Mail waits so long before it leaves."), least=0,
    )  # fmt: skip
    lifetime_hours = _number(gettext_lazy("Transactional mail is tried for, in hours"), TIMES["lifetime_hours"])
    mass_lifetime_hours = _number(gettext_lazy("Mass mail is tried for, in hours"), TIMES["mass_lifetime_hours"])
    body_days = _number(gettext_lazy("Content of finished mail is kept for, in days"), DAYS["body_days"])
    history_days = _number(gettext_lazy("What became of it is kept for, in days"), DAYS["history_days"])

    class Meta:
        model = Workspace
        fields = STORED
        labels = LABELS
        help_texts = HINTS

    def __init__(self, seat: Seat, company: Company | None, posted: QueryDict | None) -> None:
        # A row of its own: the frame around the form shows the workspace as it is stored.
        super().__init__(posted, instance=Workspace.objects.get(pk=seat.workspace.pk))
        self._seat, self._company = seat, company
        self._servers = seat.workspace.outgoing_servers.defer("password", "client_key").filter(archived_at=None)
        self.fields["dedicated_server"].queryset = self._servers  # type: ignore[attr-defined] # it is such a field
        dedicated = DedicatedServer.objects.filter(workspace=seat.workspace).first()
        found: dict[str, Any] = {
            "has_dedicated_server": dedicated is not None,
            "dedicated_server": dedicated and dedicated.server_id,
            "uses_custom_servers": self.instance.uses_custom_servers or self._servers.exists(),
            "alias_domain": self._domain_name(),
        }
        self.initial = {**self.initial, **found}
        if company is None:
            del self.fields["alias_domain"]

    def clean_uses_custom_servers(self) -> bool:
        wanted: bool = self.cleaned_data["uses_custom_servers"]
        if not wanted and self._servers.exists():
            raise ValidationError(_("Mail leaves through your outgoing servers. Archive them first."))
        return wanted

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("has_dedicated_server") and not cleaned.get("dedicated_server"):
            self.add_error("dedicated_server", _("Choose the server that mass mail takes."))
        return cleaned

    @transaction.atomic
    def store(self) -> None:
        """All of it or nothing: raises what an alias domain that cannot be is refused with."""
        with audit.noting(self.instance, workspace=self.instance, by=self._seat.user):
            self.instance.save(update_fields=STORED)
        self._store_dedicated_server()
        self._store_alias_domain()

    def _store_dedicated_server(self) -> None:
        wanted = self.cleaned_data["dedicated_server"] if self.cleaned_data["has_dedicated_server"] else None
        found = DedicatedServer.objects.filter(workspace=self.instance).first()
        if wanted is not None:
            row = DedicatedServer(workspace=self.instance, server=wanted)
            with audit.noting(row, workspace=self.instance, by=self._seat.user):
                row.save()
        elif found is not None:
            audit.record_removal(found, workspace=self.instance, by=self._seat.user)
            found.delete()

    def _store_alias_domain(self) -> None:
        name = self.cleaned_data.get("alias_domain", "").strip()
        if self._company is None or name == self._domain_name():
            return
        give(self._seat, self._company, self._domain_named(name) if name else None)

    def _domain_named(self, name: str) -> AliasDomain:
        found = self._seat.workspace.alias_domains.filter(name=domain_to_ascii(name)).first()
        if found is not None:
            return found
        domain = AliasDomain(workspace=self.instance, name=name)
        with audit.noting(domain, workspace=self.instance, by=self._seat.user):
            return save_alias_domain(domain)

    def _domain_name(self) -> str:
        choice = CompanyAliasDomain.objects.select_related("alias_domain").filter(company=self._company).first()
        return choice.alias_domain.name if choice else ""
