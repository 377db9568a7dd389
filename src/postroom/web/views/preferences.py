"""Language, colours and developer mode: one click each, wherever it is made."""

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from postroom.workspaces.models import THEMES, User


class PreferencesForm(forms.Form):
    """What a click may change; what it does not name stays."""

    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False)
    theme = forms.ChoiceField(choices=[(theme, theme) for theme in THEMES], required=False)
    is_developer = forms.ChoiceField(choices=[("on", "on"), ("off", "off")], required=False)


@require_POST
@login_not_required
def preferences(request: HttpRequest) -> HttpResponse:
    """Back to where the click was made; a stranger's language is kept in a cookie."""
    form = PreferencesForm(request.POST)
    response = HttpResponseRedirect(_back(request))
    if not form.is_valid():
        return response
    if isinstance(request.user, User):
        _keep(request.user, form.cleaned_data)
    if language := form.cleaned_data["language"]:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 86_400,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def _keep(user: User, chosen: dict[str, str]) -> None:
    changed = {name: value for name, value in chosen.items() if value}
    for name, value in changed.items():
        setattr(user, name, value == "on" if name == "is_developer" else value)
    user.save(update_fields=list(changed))


def _back(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if here else resolve_url(settings.LOGIN_REDIRECT_URL)
