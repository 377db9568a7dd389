"""Does the audit log say who changed what, and never a secret?"""

import pytest
from django.db import connection

from postroom.domains.models import AliasDomain, CompanyAliasDomain
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.audit import MASK, record_change, record_removal, snapshot
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import ApiKey, Change, User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return create_workspace("company-name", company="My Company")


@pytest.fixture
def server(workspace: Workspace) -> OutgoingServer:
    return OutgoingServer.objects.create(workspace=workspace, name="Brevo", host="a.example", password="old secret")


def test_keeps_only_what_differs(workspace: Workspace, server: OutgoingServer) -> None:
    before = snapshot(server)
    server.host = "b.example"
    record_change(server, workspace=workspace, by="command line", before=before)
    change = Change.objects.get()
    assert (change.kind, change.subject, change.name, change.by) == (
        "outgoing server",
        str(server.pk),
        "Brevo",
        "command line",
    )
    assert (change.before, change.after) == ({"host": "a.example"}, {"host": "b.example"})


def test_notes_nothing_when_nothing_changed(workspace: Workspace, server: OutgoingServer) -> None:
    record_change(server, workspace=workspace, by="command line", before=snapshot(server))
    assert not Change.objects.exists()


def test_tells_that_a_secret_changed_but_not_what_it_is(workspace: Workspace, server: OutgoingServer) -> None:
    before = snapshot(server)
    server.password = "new secret"
    record_change(server, workspace=workspace, by="command line", before=before)
    change = Change.objects.get()
    assert (change.before, change.after) == ({"password": MASK}, {"password": MASK})
    assert "secret" not in repr(before)


def test_shows_no_hash_of_a_key(workspace: Workspace) -> None:
    key = ApiKey.objects.create(workspace=workspace, name="invoices", prefix="pr_abc", digest=b"x" * 32)
    record_change(key, workspace=workspace, by="command line", before=None)
    change = Change.objects.get()
    assert change.before is None
    assert change.after["digest"] == MASK


def test_keeps_what_was_deleted_and_the_name_of_who_is_gone(workspace: Workspace, server: OutgoingServer) -> None:
    mary = User.objects.create_user("mary@company-name.com", "correct horse battery")
    record_removal(server, workspace=workspace, by=mary)
    mary.delete()
    change = Change.objects.get()
    assert (change.person, change.by) == (None, "mary@company-name.com")
    assert change.before["host"] == "a.example"
    assert change.after is None


def test_calls_what_a_row_stands_in_relation_to_by_its_name(workspace: Workspace, server: OutgoingServer) -> None:
    domain = AliasDomain.objects.create(workspace=workspace, name="company-name.com")
    choice = CompanyAliasDomain.objects.create(company=workspace.companies.get(), alias_domain=domain)
    record_change(choice, workspace=workspace, by="command line", before=None)
    dedicated = DedicatedServer.objects.create(workspace=workspace, server=server)
    record_change(dedicated, workspace=workspace, by="command line", before=None)
    of_company, of_mailings = Change.objects.order_by("pk")
    assert of_company.name == "My Company → company-name.com"
    assert of_company.after == {"company": "My Company", "alias_domain": "company-name.com"}
    assert (of_mailings.name, of_mailings.after["server"]) == ("Brevo", "Brevo")


def test_needs_no_secret_of_another_row_to_name_it(workspace: Workspace, server: OutgoingServer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE servers_outgoingserver SET password = 'v1:of another installation'")
    dedicated = DedicatedServer(workspace=workspace, server_id=server.pk)
    dedicated.server = OutgoingServer.objects.defer("password").get()
    record_change(dedicated, workspace=workspace, by="command line", before=None)
    assert Change.objects.get().after["server"] == "Brevo"
