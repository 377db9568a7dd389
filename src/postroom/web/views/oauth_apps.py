"""How is Postroom registered at Google and Microsoft, for a workspace or by the platform's administrators for all?"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.transaction import atomic
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from postroom.policy.permission import Action
from postroom.servers.models import OAuthAccount, OAuthApp
from postroom.servers.oauth.providers import confirm_path
from postroom.servers.oauth.registration import own_app
from postroom.servers.oauth.registration import remove_app as remove_app_of
from postroom.web.forms import Confirmation, lock, stored
from postroom.web.oauth_app_form import OAuthAppForm
from postroom.web.platform import for_administrators
from postroom.web.seat import needs
from postroom.web.server_account import WARN_DAYS, days_left
from postroom.web.server_form import secret_of
from postroom.workspaces import audit
from postroom.workspaces.access import Seat
from postroom.workspaces.models import User, Workspace


@dataclass(frozen=True, slots=True)
class AppRow:
    """A provider with the registration there. `is_shared`: that of the installation stands in for the workspace's."""

    provider: str
    app: OAuthApp | None
    is_shared: bool
    days_left: int | None
    accounts: int
    url: str

    @property
    def warns(self) -> bool:
        return self.days_left is not None and self.days_left <= WARN_DAYS


@require_safe
@needs(Action.SEE_SETTINGS)
def app_list(request: HttpRequest, seat: Seat) -> HttpResponse:
    rows = [_row(provider, seat.workspace) for provider in OAuthApp.Provider]
    return render(request, "web/oauth_apps.html", {"rows": rows})


@needs(Action.SEE_SETTINGS)
def app_page(request: HttpRequest, seat: Seat, provider: str) -> HttpResponse:
    may_change = seat.may(Action.CHANGE_SETTINGS)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    return _page(request, _find(seat.workspace, provider), user=seat.user if may_change else None)


@require_safe
@for_administrators
def platform_app_list(request: HttpRequest, _user: User) -> HttpResponse:
    rows = [_row(provider, None) for provider in OAuthApp.Provider]
    return render(request, "web/oauth_apps.html", {"rows": rows, "is_of_platform": True})


@for_administrators
def platform_app_page(request: HttpRequest, user: User, provider: str) -> HttpResponse:
    return _page(request, _find(None, provider), user=user)


@needs(Action.CHANGE_SETTINGS)
def remove_app(request: HttpRequest, seat: Seat, provider: str) -> HttpResponse:
    return _remove(request, _find(seat.workspace, provider), user=seat.user)


@for_administrators
def remove_platform_app(request: HttpRequest, user: User, provider: str) -> HttpResponse:
    return _remove(request, _find(None, provider), user=user)


def _find(workspace: Workspace | None, provider: str) -> OAuthApp:
    if provider not in OAuthApp.Provider:
        raise Http404
    return own_app(workspace, provider)


def _row(provider: OAuthApp.Provider, workspace: Workspace | None) -> AppRow:
    app = own_app(workspace, provider)
    shared = own_app(None, provider) if workspace and not app.pk else app
    accounts = OAuthAccount.objects.filter(app=shared.pk, state=OAuthAccount.State.CONNECTED)
    return AppRow(
        provider=str(provider.label),
        app=shared if shared.pk else None,
        is_shared=shared is not app,
        days_left=days_left(shared),
        accounts=(accounts.filter(workspace=workspace) if workspace else accounts).count(),
        url=reverse("oauth-app" if workspace else "platform-oauth-app", args=[provider.value]),
    )


def _page(request: HttpRequest, app: OAuthApp, *, user: User | None) -> HttpResponse:
    """`user` may change it; None: it is only looked at."""
    form, back = OAuthAppForm(app, request.POST or None), _list_of(app)
    label = OAuthApp.Provider(app.provider).label
    if user is None:
        lock(form)
    elif form.is_valid() and form.store(by=user):
        messages.success(request, _("The registration at %(provider)s is saved.") % {"provider": label})
        return redirect(back)
    context = {
        "app": app,
        "form": form,
        "provider": label,
        "back": back,
        "remove": app.pk and reverse(f"{_page_of(app)}-remove", args=[app.provider]),
        "may_change": user is not None,
        "days_left": days_left(app),
        "is_shared": bool(app.workspace and not app.pk and own_app(None, app.provider).pk),
        "redirect_url": settings.POSTROOM.public_url + confirm_path(app.provider),
        "is_private": settings.POSTROOM.public_url.startswith("https://"),
    }
    return render(request, "web/oauth_app.html", context)


def _remove(request: HttpRequest, app: OAuthApp, *, user: User) -> HttpResponse:
    if not app.pk:
        raise Http404
    label = OAuthApp.Provider(app.provider).label
    form = Confirmation(request.POST or None, phrase=str(label))
    if form.is_valid() and stored(form, lambda: _forget(app, user)):
        messages.success(request, _("Postroom is no longer registered at %(provider)s.") % {"provider": label})
        return redirect(_list_of(app))
    context = {
        "form": form,
        "title": _("Remove the registration at %(provider)s") % {"provider": label},
        "consequence": _without_it(app) % {"provider": label},
        "action": _("Remove"),
        "back": reverse(_page_of(app), args=[app.provider]),
    }
    return render(request, "web/confirm.html", context)


@atomic
def _forget(app: OAuthApp, user: User) -> None:
    secret_of(app, "client_secret")  # one that cannot be read must not keep the registration
    audit.record_removal(app, workspace=app.workspace, by=user)
    remove_app_of(app)


def _without_it(app: OAuthApp) -> str:
    if app.workspace and own_app(None, app.provider).pk:
        return _(
            "Mailboxes are connected by this installation's registration at %(provider)s from then on. To undo it, "
            "enter your own again, with a secret."
        )
    return _(
        "No mailbox at %(provider)s can be connected any more, to send or to be fetched. To undo it, enter the "
        "registration again, with a secret. What was registered at the provider stays until you delete it there."
    )


def _page_of(app: OAuthApp) -> str:
    return "oauth-app" if app.workspace else "platform-oauth-app"


def _list_of(app: OAuthApp) -> str:
    return reverse("oauth-apps" if app.workspace else "platform-oauth-apps")
