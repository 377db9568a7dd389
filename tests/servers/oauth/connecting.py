"""How does a test register Postroom at a provider of its own and connect an account there?"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from postroom.servers.models import OAuthAccount, OAuthApp, OutgoingServer
from postroom.servers.oauth.registration import save_app
from postroom.servers.oauth.sign_in import Starter, Wanted, begin, finish, take, wanted_by
from tests.peers.oauth_provider import CLIENT_ID, CLIENT_SECRET, Provider

SESSION = "the session of a browser"


def make_app(place: Provider, **fields: Any) -> OAuthApp:
    """Of the whole installation, at Google's address."""
    places = {
        "authorization_url": f"{place.url}/authorize",
        "token_url": f"{place.url}/token",
        "revocation_url": f"{place.url}/revoke",
    }
    usual = {"provider": "google", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return save_app(OAuthApp(**{**usual, **places, **fields}))


def connect(server: OutgoingServer, provider: Provider) -> OAuthAccount:
    account = agree(wanted_by(server), provider)
    server.refresh_from_db()
    return account


def agree(wanted: Wanted, provider: Provider) -> OAuthAccount:
    """What a person does in a browser: there, agree, and back."""
    answer = parameters(provider.agree(begin(wanted, Starter(SESSION))))
    return finish(take(answer["state"], secret=SESSION), answer["code"])


def parameters(address: str) -> dict[str, str]:
    """What an address says in its query; each name once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(address).query, strict_parsing=True).items()}
