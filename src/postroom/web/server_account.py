"""What do pages show of the account at Google or Microsoft that an outgoing or incoming server logs in with?"""

from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils import timezone

from postroom.inbound.mailboxes import accounts
from postroom.inbound.models import IncomingServer
from postroom.servers.models import OAuthAccount, OAuthApp, OutgoingServer
from postroom.servers.oauth.providers import logs_in_with_oauth
from postroom.servers.oauth.registration import NoOAuthAppError, app_for
from postroom.servers.oauth.sign_in import Wanted, wanted_by

WARN_DAYS = 30


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """`registered_as` is an OAuthApp.Provider, `state` an OAuthAccount.State.

    `days_left` until the client secret ends; None: it has no end that is known.
    """

    provider: str
    registered_as: str
    account: OAuthAccount | None
    state: str
    is_registered: bool
    days_left: int | None
    only_fetches: bool
    connect_url: str
    disconnect_url: str

    @property
    def warns(self) -> bool:
        return self.days_left is not None and self.days_left <= WARN_DAYS


def account_of(server: OutgoingServer) -> AccountFacts | None:
    """None for a server that logs in otherwise."""
    if not logs_in_with_oauth(server):
        return None
    return _facts(server, wanted_by(server), "oauth")


def account_of_incoming(server: IncomingServer) -> AccountFacts | None:
    """None for a server that logs in with a password."""
    if server.authentication == IncomingServer.Authentication.LOGIN:
        return None
    facts = _facts(server, accounts.wanted_by(server), "incoming-oauth")
    return replace(facts, state=OAuthAccount.State.NEEDS_SIGN_IN.value) if server.lacks_permission else facts


def _facts(server: OutgoingServer | IncomingServer, wanted: Wanted, routes: str) -> AccountFacts:
    app, account = _app_of(wanted), server.oauth_account
    return AccountFacts(
        provider=str(wanted.provider.label),
        registered_as=wanted.provider.value,
        account=account,
        state=account.state if account else OAuthAccount.State.NEEDS_SIGN_IN.value,
        is_registered=app is not None,
        days_left=days_left(app) if app else None,
        only_fetches=wanted.server is None,
        connect_url=reverse(f"{routes}-connect", args=[server.pk]),
        disconnect_url=reverse(f"{routes}-disconnect", args=[server.pk]),
    )


def days_left(app: OAuthApp) -> int | None:
    """Until the client secret ends; None: it has no end that is known."""
    ends = app.secret_expires_on
    return (ends - timezone.now().date()).days if ends else None


def _app_of(wanted: Wanted) -> OAuthApp | None:
    try:
        return app_for(wanted.workspace, wanted.provider)
    except NoOAuthAppError:
        return None
