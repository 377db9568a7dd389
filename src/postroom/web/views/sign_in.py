"""How a person signs in: a password, and a code of their app where they have one."""

import time
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from postroom.web import throttle
from postroom.web.http import words_of
from postroom.workspaces import second_factor
from postroom.workspaces.models import User

PENDING = "second_factor"  # in the session of who gave the right password, but no code yet
PENDING_SECONDS = 600
BACKEND = "django.contrib.auth.backends.ModelBackend"


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
            raise ValidationError(words_of(error)) from None
        cleaned = super().clean()
        throttle.forgive(address, ip)
        return cleaned


class SignIn(LoginView):
    """The sign-in page; leads back to where the person wanted to go."""

    template_name = "web/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "is_hosted": settings.POSTROOM.hosted}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        if not second_factor.is_on(user):
            return super().form_valid(form)
        self.request.session.cycle_key()  # a session that somebody else knows must not come this far either
        self.request.session[PENDING] = {"user": user.pk, "at": time.time(), "next": self.get_success_url()}
        return redirect("code")


class CodeForm(forms.Form):
    """The second step."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "one-time-code", "inputmode": "text"}),
    )


@login_not_required
def code(request: HttpRequest) -> HttpResponse:
    """Asks for the code; back to the first step when the password was given too long ago."""
    pending = request.session.get(PENDING) or {"at": 0}
    user = User.objects.filter(pk=pending.get("user"), is_active=True).first()
    if user is None or time.time() - pending["at"] > PENDING_SECONDS:
        return redirect("login")
    form = CodeForm(request.POST or None)
    if form.is_valid() and _is_right(request, user, form):
        login(request, user, backend=BACKEND)
        request.session.pop(PENDING, None)
        return HttpResponseRedirect(pending["next"])
    return render(request, "web/code.html", {"form": form})


def _is_right(request: HttpRequest, user: User, form: CodeForm) -> bool:
    """Says in the form why not; counted apart from passwords, which were right."""
    guessed, ip = f"code {user.email}", request.META["REMOTE_ADDR"]
    try:
        throttle.count_try(guessed, ip)
        second_factor.check(user, form.cleaned_data["code"])
    except (throttle.TooManyTriesError, second_factor.WrongCodeError) as error:
        form.add_error("code", words_of(error))
        return False
    throttle.forgive(guessed, ip)
    return True
