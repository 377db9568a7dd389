"""How a person gets a new password: by a link in a mail, or by giving the old one."""

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from postroom.web import mail, throttle
from postroom.web.http import signed_in, words_of
from postroom.web.signed_in import follow_session
from postroom.workspaces.models import User


class ForgottenForm(forms.Form):
    """Whose password."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"}),
    )


@login_not_required
def forgotten_password(request: HttpRequest) -> HttpResponse:
    """Says the same whether somebody has the address or not."""
    form = ForgottenForm(request.POST or None)
    if not form.is_valid():
        return render(request, "web/forgotten.html", {"form": form})
    email = form.cleaned_data["email"].lower()
    try:
        throttle.count_try(f"forgotten {email}", request.META["REMOTE_ADDR"])
    except throttle.TooManyTriesError as error:
        form.add_error("email", words_of(error))
        return render(request, "web/forgotten.html", {"form": form})
    user = User.objects.filter(email=email, is_active=True).first()
    if user is not None:
        mail.send_new_password_link(user)
    return render(request, "web/forgotten.html", {"sent": True})


class NewPassword(PasswordResetConfirmView):
    """Where the link leads; a second factor is asked for at the sign-in that follows."""

    template_name = "web/new_password.html"
    success_url = reverse_lazy("login")


def password(request: HttpRequest) -> HttpResponse:
    """Every other browser of the person is signed out by it."""
    user = signed_in(request)
    form = PasswordChangeForm(user, request.POST or None)
    if form.is_valid():
        form.save()
        update_session_auth_hash(request, user)
        follow_session(request)
        messages.success(request, _("The password is changed. Other browsers were signed out."))
        return redirect("profile")
    parent = {"url": reverse("profile"), "title": _("Your profile")}
    context = {"form": form, "title": _("Change the password"), "action": _("Save the password"), "parent": parent}
    return render(request, "web/form_page.html", context)
