"""How does a person connect a mailbox at Google or Microsoft in the browser: there, back, and away again?"""

import secrets
from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from postroom.errors import PostroomError
from postroom.inbound.mailboxes import accounts
from postroom.policy.permission import Action
from postroom.servers.models import OAuthAccount, OutgoingServer
from postroom.servers.oauth import sign_in, tokens
from postroom.servers.oauth.token_endpoint import ProviderAwayError
from postroom.web.forms import Confirmation
from postroom.web.http import words_of
from postroom.web.seat import needs
from postroom.web.views.incoming_servers import find_incoming_server
from postroom.web.views.servers import find_server
from postroom.workspaces.access import Seat
from postroom.workspaces.audit import record_change, snapshot
from postroom.workspaces.models import User

_IN_SESSION = "oauth_begun"  # in the session: what this browser alone can show when it comes back


@require_POST
@needs(Action.SEND_MAIL)
def connect(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    server = _find(seat, server_id)
    return _lead_on(request, seat.user, partial(sign_in.wanted_by, server), back=_page_of(server))


@require_POST
@needs(Action.CHANGE_SETTINGS)
def connect_incoming(request: HttpRequest, seat: Seat, incoming_server_id: int) -> HttpResponse:
    server = find_incoming_server(seat, incoming_server_id)
    back = reverse("incoming-server", args=[server.pk])
    return _lead_on(request, seat.user, partial(accounts.wanted_by, server), back=back)


@login_not_required
@require_safe
def confirm(request: HttpRequest, provider: str) -> HttpResponse:
    """Where the provider leads back to. Public, since who began on the command line may be signed in nowhere."""
    try:
        begun = sign_in.take(request.GET.get("state", ""), secret=request.session.get(_IN_SESSION, ""))
    except sign_in.UnknownSignInError as error:
        return _failed(request, words_of(error), is_strange=True)
    if begun.person is None or begun.person != request.user:
        return _failed(request, _("Sign in again as the person who began this, then connect the account once more."))
    if "code" not in request.GET:
        return _failed(request, _refusal(request), back=begun.back_to)
    try:
        account = sign_in.finish(begun, request.GET["code"])
    except PostroomError as error:
        return _failed(request, words_of(error), back=begun.back_to)
    words = (
        _("%(address)s is connected; mail leaves as it from now on.")
        if begun.server
        else _("%(address)s is connected; its mail is fetched from now on.")
    )
    messages.success(request, words % {"address": account.address})
    return redirect(begun.back_to or "home")


@needs(Action.SEND_MAIL)
def disconnect(request: HttpRequest, seat: Seat, server_id: int) -> HttpResponse:
    server = _find(seat, server_id)
    return _confirm_disconnecting(request, seat.user, server.oauth_account, back=_page_of(server))


@needs(Action.CHANGE_SETTINGS)
def disconnect_incoming(request: HttpRequest, seat: Seat, incoming_server_id: int) -> HttpResponse:
    server = find_incoming_server(seat, incoming_server_id)
    back = reverse("incoming-server", args=[server.pk])
    return _confirm_disconnecting(request, seat.user, server.oauth_account, back=back)


def _lead_on(request: HttpRequest, user: User, ask: Callable[[], sign_in.Wanted], *, back: str) -> HttpResponse:
    """To the provider by a page of its own: a form may not end at a foreign address (form-action)."""
    starter = sign_in.Starter(_secret_of(request), person=user, back_to=back)
    try:
        wanted = ask()
        url = sign_in.begin(wanted, starter)
    except PostroomError as error:
        messages.error(request, words_of(error))
        return redirect(back)
    facts = {"url": url, "wanted": wanted, "provider": wanted.provider.label, "back": back}
    return render(request, "web/oauth_connect.html", facts)


def _confirm_disconnecting(
    request: HttpRequest, user: User, account: OAuthAccount | None, *, back: str
) -> HttpResponse:
    if account is None:
        return redirect(back)
    form = Confirmation(request.POST or None, phrase=account.address)
    if form.is_valid():
        _disconnect(request, user, account)
        return redirect(back)
    consequence = _(
        "Postroom forgets the permission to use %(address)s. Mail of its servers waits until the account is connected "
        "again."
    )
    context = {
        "title": _("Disconnect %(address)s") % {"address": account.address},
        "consequence": consequence % {"address": account.address},
        "action": _("Disconnect"),
        "back": back,
        "form": form,
    }
    return render(request, "web/confirm.html", context)


def _disconnect(request: HttpRequest, user: User, account: OAuthAccount) -> None:
    before = snapshot(account)
    try:
        tokens.disconnect(account)
    except ProviderAwayError:
        messages.warning(
            request,
            _("The tokens are forgotten here, but the provider could not be told: take the access back there too."),
        )
    else:
        messages.success(request, _("%(address)s is disconnected.") % {"address": account.address})
    account.refresh_from_db()
    record_change(account, workspace=account.workspace, by=user, before=before)


def _find(seat: Seat, server_id: int) -> OutgoingServer:
    """A shared server is for who changes settings, a personal one for its owner alone."""
    server = find_server(seat, server_id)
    is_allowed = seat.may(Action.CHANGE_SETTINGS) if server.owner_id is None else server.owner_id == seat.user.pk
    if not is_allowed:
        raise PermissionDenied
    return server


def _page_of(server: OutgoingServer) -> str:
    if server.is_being_set_up:
        return reverse("set-up-resume", args=[server.pk])
    return reverse("server", args=[server.pk]) if server.owner_id is None else reverse("mailbox")


def _secret_of(request: HttpRequest) -> str:
    """Not the session's key: that changes with every sign-in."""
    secret: str = request.session.setdefault(_IN_SESSION, secrets.token_urlsafe())
    return secret


def _refusal(request: HttpRequest) -> str:
    """RFC 6749 §4.1.2.1, in words where the usual thing happened."""
    error, description = request.GET.get("error", ""), request.GET.get("error_description", "")[:500]
    if error == "access_denied":
        return _("You, or your organisation's administrator, did not agree. Without that Postroom cannot send as you.")
    return _("The provider did not let Postroom in: %(words)s") % {"words": description or error[:100] or "?"}


def _failed(request: HttpRequest, words: str, *, back: str = "", is_strange: bool = False) -> HttpResponse:
    context = {"words": words, "back": back, "is_strange": is_strange, "address": request.build_absolute_uri()}
    return render(request, "web/oauth_failed.html", context, status=400)
