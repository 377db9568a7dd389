"""Which Postroom do the stories share? One a test process, whose default server is a real Postfix."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests import database
from tests.peers.postfix import Postfix
from tests.stories.installation import Installation, Office, run_installation


@pytest.fixture(scope="session")
def installation(postfix: Postfix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    default_server = f"smtp://127.0.0.1:{postfix.port}"
    with database.new_database() as url:
        home = tmp_path_factory.mktemp("home")
        with run_installation(url, home, POSTROOM_DEFAULT_SERVER=default_server) as running:
            yield running


@pytest.fixture
def office(installation: Installation) -> Office:
    """A workspace of the test's own."""
    return installation.new_workspace(f"story-{uuid4().hex[:8]}")


@pytest.fixture
def mary() -> str:
    """A customer's address that no other test writes to."""
    return f"mary-{uuid4().hex[:8]}@customer.example.com"
