"""Who a person is to these pages: name, language, time zone, and where they are signed in."""

from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from postroom.policy.notification import Way
from postroom.threads import inbox
from postroom.web import signed_in as browsers
from postroom.web.http import signed_in
from postroom.workspaces import second_factor
from postroom.workspaces.models import THEMES, User

THEME_WORDS = dict(zip(THEMES, (gettext_lazy("Automatic"), gettext_lazy("Light"), gettext_lazy("Dark")), strict=True))


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg] # takes no parameters at run time
    """What a person says of themselves."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=[("", gettext_lazy("As the browser asks")), *settings.LANGUAGES],
        required=False,
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), choices=[(name, name) for name in sorted(available_timezones())]
    )
    theme = forms.ChoiceField(label=gettext_lazy("Colours"), choices=list(THEME_WORDS.items()))

    way = forms.ChoiceField(
        label=gettext_lazy("Conversations that you follow"),
        choices=[
            (Way.EMAIL.value, gettext_lazy("Tell me by email")),
            (Way.INBOX.value, gettext_lazy("Tell me here, in my inbox")),
        ],
    )
    wants_digest = forms.BooleanField(label=gettext_lazy("Mail me each morning what waits in my inbox"), required=False)

    class Meta:
        model = User
        fields = ("name", "language", "time_zone", "theme")


def profile(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = ProfileForm(request.POST or None, instance=user, initial=inbox.preference_of(user))
    if form.is_valid():
        form.save()
        chosen = form.cleaned_data
        inbox.prefer(user, Way(chosen["way"]), wants_digest=chosen["wants_digest"])
        messages.success(request, _("Your profile is saved."))
        return redirect("profile")
    context = {"form": form, "has_second_factor": second_factor.is_on(user), "sessions": browsers.count(user)}
    return render(request, "web/profile.html", context)


def sessions(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    rows = browsers.browsers_of(request, user)
    if (chosen := request.POST.get("session")) is None:
        return render(request, "web/sessions.html", {"sessions": rows})
    others = [row.id for row in rows if not row.is_this and chosen in ("others", str(row.id))]
    ended = browsers.sign_out(user, others)
    messages.success(
        request,
        ngettext("%(count)s browser was signed out.", "%(count)s browsers were signed out.", ended) % {"count": ended},
    )
    return redirect("sessions")
