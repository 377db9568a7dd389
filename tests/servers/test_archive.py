"""When may a server be taken out of use, and what does a person hear when it may not (requirement C4)?"""

import pytest
from django.db.models import ProtectedError

from postroom.mailings.models import Template
from postroom.servers.archive import ServerInUseError, archive, restore
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.create import create_workspace


@pytest.fixture
def server(db: None) -> OutgoingServer:
    workspace = create_workspace("company-name", company="My Company")
    return OutgoingServer.objects.create(workspace=workspace, name="Company mail", host="smtp.example.com")


def test_a_server_nobody_counts_on_is_archived_and_restored(server: OutgoingServer) -> None:
    archive(server)
    assert not OutgoingServer.objects.get().is_active
    restore(server)
    assert OutgoingServer.objects.get().is_active


def test_who_counts_on_a_server_is_named(server: OutgoingServer) -> None:
    DedicatedServer.objects.create(workspace=server.workspace, server=server)
    for name in ("Welcome", "Invoice"):
        Template.objects.create(workspace=server.workspace, name=name, server=server)
    with pytest.raises(ServerInUseError) as refusal:
        archive(server)
    assert refusal.value.message == (
        "“Company mail” is used by Settings → Email Marketing → Dedicated Server, the template “Invoice”, "
        "the template “Welcome”; choose another server there first."
    )
    assert OutgoingServer.objects.get().is_active


def test_once_nobody_counts_on_it_it_can_be_archived(server: OutgoingServer) -> None:
    template = Template.objects.create(workspace=server.workspace, name="Welcome", server=server)
    with pytest.raises(ServerInUseError):
        archive(server)
    template.server = None
    template.save()
    archive(server)
    assert not OutgoingServer.objects.get().is_active


def test_a_server_in_use_is_not_deleted_past_the_check(server: OutgoingServer) -> None:
    Template.objects.create(workspace=server.workspace, name="Welcome", server=server)
    with pytest.raises(ProtectedError):
        server.delete()
