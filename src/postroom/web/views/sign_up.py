"""How does a stranger come to a workspace on a hosted platform: by an address, a mail to it, and a name?"""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from postroom.errors import PostroomError
from postroom.web import mail, throttle
from postroom.web.http import words_of
from postroom.web.seat import PARAMETER
from postroom.web.views.sign_in import BACKEND
from postroom.workspaces import sign_up
from postroom.workspaces.models import SignUp, User

ANYBODY, ANYWHERE = "sign-up", "0.0.0.0"  # noqa: S104 – counted under, not listened on


class AddressForm(forms.Form):
    """Who wants a workspace."""

    email = forms.EmailField(
        label=_("Your e-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class WorkspaceForm(forms.Form):
    """What it is called."""

    company = forms.CharField(
        label=_("Company"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    slug = forms.CharField(
        label=_("Name of the workspace"),
        max_length=63,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Small letters, digits and hyphens. It becomes your sub-domain and cannot be changed later."),
    )

    def clean_slug(self) -> str:
        name: str = self.cleaned_data["slug"].lower()
        try:
            sign_up.check_name(name)
        except PostroomError as error:
            raise forms.ValidationError(words_of(error)) from error
        return name


class NewcomerForm(WorkspaceForm, SetPasswordForm):  # type: ignore[type-arg] # takes no parameters at run time
    """The same of somebody who has no password here yet."""

    name = forms.CharField(label=_("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ("company", "slug", "name", "new_password1", "new_password2")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        SetPasswordForm.__init__(self, user, *args, **kwargs)


@login_not_required
def begin(request: HttpRequest) -> HttpResponse:
    """Says the same whether somebody has the address or not."""
    _require_hosted()
    form = AddressForm(request.POST or None)
    if form.is_valid() and _may_go_on(request, form):
        email = form.cleaned_data["email"].lower()
        mail.send_sign_up_link(email, sign_up.begin(email))
        return render(request, "web/sign_up.html", {"sent": True, "email": email})
    return render(request, "web/sign_up.html", {"form": form})


@login_not_required
def finish(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link leads: a stranger chooses a password too, a known person signs in before."""
    _require_hosted()
    found = sign_up.find(token)
    if found is None:
        return render(request, "web/sign_up_finish.html", {"sign_up": None}, status=404)
    known = User.objects.filter(email=found.email).first()
    if known is not None and request.user != known:
        return render(request, "web/sign_up_finish.html", {"sign_up": found, "must_sign_in": True})
    owner = known or User(email=found.email)
    form = WorkspaceForm(request.POST or None) if known else NewcomerForm(owner, request.POST or None)
    if form.is_valid() and (answer := _open(request, found, owner, form)):
        return answer
    context = {"sign_up": found, "form": form, "platform_domain": settings.POSTROOM.platform_domain}
    return render(request, "web/sign_up_finish.html", context)


def _open(request: HttpRequest, found: SignUp, owner: User, form: WorkspaceForm) -> HttpResponse | None:
    """None when somebody else was a moment faster with the name."""
    facts = form.cleaned_data
    try:
        with transaction.atomic():  # nobody without a workspace stays behind
            if isinstance(form, NewcomerForm):
                owner.name = facts["name"]
                form.save()
            workspace = sign_up.finish(found, owner, name=facts["slug"], company=facts["company"].strip())
    except PostroomError as error:
        form.add_error("slug", words_of(error))
        return None
    if isinstance(form, NewcomerForm):
        login(request, owner, backend=BACKEND)
    request.session[PARAMETER] = workspace.slug
    return redirect("home")


def _may_go_on(request: HttpRequest, form: AddressForm) -> bool:
    """Neither does one browser fill many inboxes, nor do many fill one."""
    try:
        throttle.count_try(ANYBODY, request.META["REMOTE_ADDR"])
        throttle.count_try(f"{ANYBODY} {form.cleaned_data['email'].lower()}", ANYWHERE)
    except throttle.TooManyTriesError as error:
        form.add_error("email", words_of(error))
        return False
    return True


def _require_hosted() -> None:
    if not settings.POSTROOM.hosted:
        raise Http404
