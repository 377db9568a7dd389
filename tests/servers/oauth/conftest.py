"""What do the tests of OAuth find ready: a provider, Postroom registered there, and a server without its account?"""

from collections.abc import Iterator

import pytest

from postroom.servers.models import OAuthApp, OutgoingServer
from postroom.servers.save import save_server
from postroom.workspaces.create import create_workspace
from tests.peers.oauth_provider import Provider, run_oauth_provider
from tests.servers.oauth.connecting import make_app


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_oauth_provider() as provider:
        yield provider


@pytest.fixture
def app(db: None, provider: Provider) -> OAuthApp:
    return make_app(provider)


@pytest.fixture
def server(app: OAuthApp) -> OutgoingServer:
    workspace = create_workspace("company-name", company="My Company")
    return save_server(
        OutgoingServer(workspace=workspace, name="Gmail", authentication="gmail", username="mary@gmail.example")
    )
