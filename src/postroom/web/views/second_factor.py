"""How a person adds an authenticator app to their password, and takes it away again."""

from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from postroom.rfc import totp
from postroom.web.http import signed_in, words_of
from postroom.workspaces import second_factor
from postroom.workspaces.models import User

TEMPLATE = "web/second_factor.html"


class NewCodeForm(forms.Form):
    """Proof that the app has the key."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasswordForm(forms.Form):
    """Proof that the person is not just somebody at an unlocked screen."""

    password = forms.CharField(
        label=gettext_lazy("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self._user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


@sensitive_post_parameters()
def second_factor_page(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    return _change(request, user) if second_factor.is_on(user) else _add(request, user)


def _add(request: HttpRequest, user: User) -> HttpResponse:
    form = NewCodeForm(request.POST or None)
    if form.is_valid():
        try:
            codes = second_factor.confirm(user, form.cleaned_data["code"])
            return render(request, TEMPLATE, {"codes": codes})
        except second_factor.WrongCodeError as error:
            form.add_error("code", words_of(error))
    key = second_factor.begin(user)
    picture = segno.make(totp.provisioning_uri(key, issuer="Postroom", account=user.email), micro=False)
    context = {"form": form, "key": totp.text_of(key), "qr": picture.svg_data_uri(scale=4, border=4, light="#fff")}
    return render(request, TEMPLATE, context)


def _change(request: HttpRequest, user: User) -> HttpResponse:
    form = PasswordForm(user, request.POST or None)
    if form.is_valid() and request.POST.get("do") == "renew":
        return render(request, TEMPLATE, {"codes": second_factor.renew_recovery_codes(user)})
    if form.is_valid() and request.POST.get("do") == "off":
        second_factor.turn_off(user)
        messages.success(request, _("The second factor is off: only the password is asked for."))
        return redirect("profile")
    unused = user.recovery_codes.filter(used_at=None).count()
    return render(request, TEMPLATE, {"is_on": True, "form": form, "unused": unused})
