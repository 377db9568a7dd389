"""With which account at Google or Microsoft does an incoming server log in, and how is it connected?"""

from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from postroom.inbound.models import IncomingServer
from postroom.servers.models import OAuthAccount, OAuthApp
from postroom.servers.oauth.providers import NoOAuthServerError
from postroom.servers.oauth.sign_in import Wanted

PROVIDERS = {
    IncomingServer.Authentication.GMAIL: OAuthApp.Provider.GOOGLE,
    IncomingServer.Authentication.OUTLOOK: OAuthApp.Provider.MICROSOFT,
}


def wanted_by(server: IncomingServer) -> Wanted:
    """What to ask the provider for, so that the server can be fetched from; NoOAuthServerError for a password's."""
    provider = PROVIDERS.get(IncomingServer.Authentication(server.authentication))
    if provider is None:
        raise NoOAuthServerError
    return Wanted(
        workspace=server.workspace,
        provider=provider,
        address=server.oauth_account.address if server.oauth_account else server.username,
        scopes=server.further_scopes,
    )


def find_account(server: IncomingServer, address: str) -> OAuthAccount | None:
    """The workspace's account of this address at the server's provider, connected or not."""
    provider = PROVIDERS.get(IncomingServer.Authentication(server.authentication))
    return server.workspace.oauth_accounts.filter(app__provider=provider, address__iexact=address).first()


def take_up(sender: Any, account: OAuthAccount, **_: object) -> None:
    """Let the servers that wait for the account fetch with it, at once."""
    waiting = IncomingServer.objects.filter(
        Q(oauth_account=account) | Q(oauth_account=None, username__iexact=account.address),
        workspace=account.workspace,
        authentication__in=[kind for kind, provider in PROVIDERS.items() if provider == account.app.provider],
    )
    waiting.update(oauth_account=account, changed_at=Now(), due_at=Now(), failures=0, last_error="")
