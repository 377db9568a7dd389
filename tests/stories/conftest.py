"""Which Postroom do the stories share? One a test process, whose default server is a real Postfix."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests import database
from tests.installation import Installation
from tests.peers.postfix import Postfix
from tests.stories.browser import Browser
from tests.stories.destinations import CaptureDestination, Destination, PostfixDestination
from tests.stories.gateway import run_gateway
from tests.stories.office import Office, Postroom
from tests.stories.shell import open_shell
from tests.stories.threads import Application


@pytest.fixture(scope="package")
def postroom(postfix: Postfix, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postroom]:
    default_server = f"smtp://127.0.0.1:{postfix.port}"
    with database.new_database(migrated=True) as url:
        installation = Installation.in_folder(
            tmp_path_factory.mktemp("home"), POSTROOM_DATABASE_URL=url, POSTROOM_DEFAULT_SERVER=default_server
        )
        with installation.serving() as served, open_shell(installation.environ) as shell:
            served.wait_healthy()
            yield Postroom(installation, shell)
            code, output = served.stop()
    assert code == 0, output[-5000:]


@pytest.fixture(scope="package")
def gateway(postroom: Postroom, postfix: Postfix) -> Iterator[Postfix]:
    with run_gateway(postroom, postfix) as gateway:
        yield gateway


@pytest.fixture
def office(postroom: Postroom) -> Office:
    """A workspace of the test's own."""
    return postroom.new_workspace(f"story-{uuid4().hex[:8]}")


@pytest.fixture
def app(office: Office, postfix: Postfix) -> Application:
    """What keeps leads in that workspace."""
    return Application.of(office, port=postfix.port)


@pytest.fixture
def mary() -> str:
    """A customer's address that no other test writes to."""
    return f"mary-{uuid4().hex[:8]}@customer.example.com"


@pytest.fixture(scope="package")
def browser(postroom: Postroom) -> Browser:
    """One in which the sample installation's administrator has signed in."""
    postroom.run("demo")
    facts = json.loads((postroom.installation.home / "demo.json").read_text())
    browser = Browser(postroom.installation.url)
    browser.sign_in(facts["admin_email"], facts["admin_password"])
    return browser


@pytest.fixture(params=["postfix", "capture"])
def destination(request: pytest.FixtureRequest) -> Destination:
    """Once a real Postfix, once the capture server."""
    if request.param == "postfix":
        return PostfixDestination(request.getfixturevalue("postfix"))
    return CaptureDestination(request.getfixturevalue("postroom").capture_port, request.getfixturevalue("browser"))
