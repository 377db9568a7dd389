"""Does a copied installation send nothing outside until an owner says so?"""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from postroom.inbound.models import IncomingServer
from postroom.outbound.models import Outlet
from postroom.outbound.target import Target, target_of
from postroom.policy.permission import Role
from postroom.servers.connection_tests import prepare
from postroom.servers.models import OutgoingServer
from postroom.workspaces import identity
from postroom.workspaces.identity import CaptureModeError, captures
from postroom.workspaces.models import Change, Installation, Workspace
from tests.web.samples import make_member, store_message

PAGE = "/settings/release"
BANNER = "Capture mode: nothing leaves this installation"


@pytest.fixture
def server(workspace: Workspace) -> OutgoingServer:
    return OutgoingServer.objects.create(workspace=workspace, name="Brevo", host="smtp.brevo.example", username="mary")


@pytest.fixture
def copy(settings: Settings, server: OutgoingServer) -> str:
    """The data belongs to another address than the one it is found at, which no other test has."""
    Installation.objects.create(pk=1, identity="https://mail.company-name.com")
    here = f"https://{uuid4().hex}.example.com"
    settings.POSTROOM = replace(settings.POSTROOM, url=here)
    return here


def target(server: OutgoingServer | None) -> Target:
    found = target_of(Outlet.objects.get_or_create(server=server)[0].pk)
    assert isinstance(found, Target)
    return found


def endpoint_of_outlet(server: OutgoingServer | None) -> tuple[str, int, bool]:
    endpoint = target(server).endpoint
    return endpoint.host, endpoint.port, endpoint.credentials is None


def test_new_data_belongs_where_it_is_made(
    owner: Client, server: OutgoingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_at_home_until", {})
    assert BANNER not in owner.get("/").content.decode()
    assert Installation.objects.get().identity
    assert endpoint_of_outlet(server)[0] == "smtp.brevo.example"
    assert owner.get(PAGE)["Location"] == "/"


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.usefixtures("copy")
def test_mail_of_a_copy_ends_in_the_capture_server(settings: Settings, server: OutgoingServer, *, is_own: bool) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, default_server="smtp://smtp.platform.example:25")
    captured = (settings.POSTROOM.capture_host, settings.POSTROOM.capture_port, True)
    assert endpoint_of_outlet(server if is_own else None) == captured


@pytest.mark.usefixtures("copy")
def test_a_copy_tests_no_connection(server: OutgoingServer) -> None:
    with pytest.raises(CaptureModeError):
        prepare(server)


@pytest.mark.usefixtures("copy")
def test_each_page_of_a_copy_says_so(owner: Client, member: Client) -> None:
    assert BANNER in owner.get("/messages").content.decode()
    text = member.get("/").content.decode()
    assert BANNER in text
    assert PAGE not in text


def test_an_owner_releases_it_by_typing_its_address(owner: Client, server: OutgoingServer, copy: str) -> None:
    assert "mail.company-name.com" in owner.get(PAGE).content.decode()
    owner.post(PAGE, {"typed": "yes"})
    assert captures()
    captured = target(server)
    owner.post(PAGE, {"typed": copy})
    assert not captures()
    assert BANNER not in owner.get("/").content.decode()
    # Another version: a worker that is at it meets it with its next message.
    assert captured.is_captured
    assert target(server).routing_version != captured.routing_version
    assert endpoint_of_outlet(server)[0] == "smtp.brevo.example"
    note = Change.objects.get(kind="installation")
    assert note.after is not None
    assert note.after["identity"] == copy


def test_says_first_how_much_would_leave(owner: Client, workspace: Workspace, copy: str) -> None:
    assert "<ul>" not in owner.get(PAGE).content.decode().partition("<main")[2]
    store_message(workspace, {f"customer{number}@example.com": "queued" for number in range(3)})
    IncomingServer.objects.create(workspace=workspace, name="Mailbox", host="mx.example.com", username="mary")
    text = owner.get(PAGE).content.decode()
    assert "3 deliveries wait." in text
    assert "1 mailbox will be fetched from." in text
    assert "webhook" not in text.partition("<main")[2]


def test_nobody_else_releases_it(workspace: Workspace, copy: str) -> None:
    browser = Client()
    browser.force_login(make_member(workspace, "ada@company-name.com", role=Role.ADMINISTRATOR))
    assert browser.post(PAGE, {"typed": copy}).status_code == 403
    assert captures()


def test_no_workspace_releases_a_hosted_platform(owner: Client, settings: Settings, copy: str) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True)
    assert owner.post(PAGE, {"typed": copy}).status_code == 403
    assert captures()
