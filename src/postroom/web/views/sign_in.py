"""How a person signs in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from postroom.web import throttle


class SignInForm(AuthenticationForm):
    """An e-mail address and its password, tried only so often."""

    username = forms.EmailField(
        label=_("E-mail address"), widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, label_suffix="")
        invalid = gettext("The e-mail address or the password is wrong.")
        self.error_messages = {**self.error_messages, "invalid_login": invalid}

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).lower()

    def clean(self) -> dict[str, Any]:
        address = self.cleaned_data.get("username")
        if address is None or self.request is None:
            return self.cleaned_data
        ip = self.request.META["REMOTE_ADDR"]
        try:
            throttle.count_try(address, ip)
        except throttle.TooManyTriesError as error:
            raise ValidationError(error.message) from None
        cleaned = super().clean()
        throttle.forgive(address, ip)
        return cleaned


class SignIn(LoginView):
    """The sign-in page; leads back to where the person wanted to go."""

    template_name = "web/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
