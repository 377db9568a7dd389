"""How is Postroom's registration at Google or Microsoft filled in, and what is refused?"""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.servers.models import OAuthApp
from postroom.servers.oauth.registration import save_app
from postroom.web.forms import stored
from postroom.web.server_form import secret_of
from postroom.workspaces import audit
from postroom.workspaces.models import User


class OAuthAppForm(forms.Form):
    """What the provider's console shows; the secret is never shown again, and stays when its field is left empty."""

    client_id = forms.CharField(
        label=gettext_lazy("Client id"),
        max_length=500,
        help_text=gettext_lazy("As the provider's console shows it; Microsoft calls it Application (client) ID."),
    )
    client_secret = forms.CharField(
        label=gettext_lazy("Client secret"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    secret_expires_on = forms.DateField(
        label=gettext_lazy("The secret ends on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    tenant = forms.CharField(
        label=gettext_lazy("Tenant"),
        max_length=100,
        help_text=gettext_lazy(
            "“common” for accounts of any organisation and personal ones; for those of your organisation alone its "
            "Directory (tenant) ID."
        ),
    )

    def __init__(self, app: OAuthApp, data: Any) -> None:
        super().__init__(data, initial=_shown(app))
        self.app = app
        self.fields["client_secret"].help_text = (
            _("One is stored, encrypted. Leave this empty to keep it.") if app.pk else _("It is stored encrypted.")
        )
        ends = self.fields["secret_expires_on"]
        if app.provider == OAuthApp.Provider.GOOGLE:
            ends.help_text = _("Empty: never, as is usual at Google.")
            del self.fields["tenant"]
        else:
            ends.help_text = _("As the console shows it. You are told 30, 7 and 1 days before.")

    def clean_secret_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["secret_expires_on"]
        if day is not None and day < timezone.now().date() and "secret_expires_on" in self.changed_data:
            raise ValidationError(_("This day has passed: make a new secret first."))
        return day

    def clean(self) -> dict[str, Any]:
        """A secret comes with the day on which it ends: that of the last one would be wrong."""
        given = self.cleaned_data
        is_old_day = given.get("secret_expires_on") and "secret_expires_on" not in self.changed_data
        if self.app.pk and given.get("client_secret") and is_old_day:
            self.add_error("secret_expires_on", _("Enter the day on which the new secret ends."))
        return given

    def store(self, *, by: User) -> bool:
        """Whether the registration is correct and stored; otherwise the form says what is wrong."""
        app, given = self.app, dict(self.cleaned_data)
        kept = secret_of(app, "client_secret")  # also where it is replaced: the note below compares
        given["client_secret"] = given["client_secret"] or kept
        before = audit.snapshot(app) if app.pk else None
        for name, value in given.items():
            setattr(app, name, value)

        def store() -> None:
            with transaction.atomic():
                save_app(app)
                audit.record_change(app, workspace=app.workspace, by=by, before=before)

        return stored(self, store)


def _shown(app: OAuthApp) -> dict[str, object]:
    return {name: getattr(app, name) for name in ("client_id", "secret_expires_on", "tenant")}
