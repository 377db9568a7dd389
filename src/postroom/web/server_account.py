"""What do pages show of the account at Google or Microsoft that a server logs in with?"""

from dataclasses import dataclass

from django.utils import timezone

from postroom.servers.models import OAuthAccount, OAuthApp, OutgoingServer
from postroom.servers.oauth.providers import logs_in_with_oauth, provider_of
from postroom.servers.oauth.registration import NoOAuthAppError, app_for

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

    @property
    def warns(self) -> bool:
        return self.days_left is not None and self.days_left <= WARN_DAYS


def account_of(server: OutgoingServer) -> AccountFacts | None:
    """None for a server that logs in otherwise."""
    if not logs_in_with_oauth(server):
        return None
    account, app = server.oauth_account, _app_of(server)
    return AccountFacts(
        provider=str(provider_of(server).label),
        registered_as=provider_of(server).value,
        account=account,
        state=account.state if account else OAuthAccount.State.NEEDS_SIGN_IN.value,
        is_registered=app is not None,
        days_left=days_left(app) if app else None,
    )


def days_left(app: OAuthApp) -> int | None:
    """Until the client secret ends; None: it has no end that is known."""
    ends = app.secret_expires_on
    return (ends - timezone.now().date()).days if ends else None


def _app_of(server: OutgoingServer) -> OAuthApp | None:
    try:
        return app_for(server.workspace, provider_of(server))
    except NoOAuthAppError:
        return None
