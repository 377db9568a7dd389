"""What raises a workspace's routing version: everything that routing reads, however it is changed, and nothing else?"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from postroom.domains.alias_domains import assign, create_company, save_alias_domain
from postroom.domains.aliases import save_alias
from postroom.domains.models import Alias, AliasDomain, CompanyAliasDomain, DkimKey
from postroom.mailings.models import Template
from postroom.servers.archive import archive, restore
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.workspaces.create import create_workspace
from postroom.workspaces.keys import create_key
from postroom.workspaces.models import Membership, SystemParameter, User, Workspace
from postroom.workspaces.parameters import set_parameter


class Scene:
    """A workspace with one of everything, and another one beside it."""

    def __init__(self) -> None:
        self.workspace = create_workspace("company-name", company="My Company")
        self.other = create_workspace("other", company="Other Company")
        self.company = self.workspace.companies.get()
        self.server = OutgoingServer.objects.create(workspace=self.workspace, name="Company mail", host="a.example")
        self.second = OutgoingServer.objects.create(workspace=self.workspace, name="Second", host="b.example")
        self.domain = save_alias_domain(AliasDomain(workspace=self.workspace, name="company-name.com"))
        self.key = DkimKey.objects.create(workspace=self.workspace, domain="a.example", selector="s", private_key="k")
        DedicatedServer.objects.create(workspace=self.workspace, server=self.second)

    def version(self, workspace: Workspace | None = None) -> int:
        return Workspace.objects.get(pk=(workspace or self.workspace).pk).routing_version


Change = Callable[[Scene], Any]


@pytest.fixture
def scene(db: None) -> Scene:
    return Scene()


def sql(statement: str) -> Change:
    def change(_: Scene) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return change


RAISING: dict[str, Change] = {
    "a new server": lambda s: OutgoingServer.objects.create(workspace=s.workspace, name="Third"),
    "several new servers": lambda s: OutgoingServer.objects.bulk_create(
        [OutgoingServer(workspace=s.workspace, name=name) for name in "ab"]
    ),
    "a server saved": lambda s: s.server.save(),
    "a server updated": lambda s: OutgoingServer.objects.filter(pk=s.server.pk).update(from_filter="a.example"),
    "a server archived": lambda s: archive(s.server),
    "a server restored": lambda s: restore(s.server),
    "a server deleted": lambda s: s.server.delete(),
    "a server deleted by SQL": sql("DELETE FROM servers_outgoingserver WHERE name = 'Company mail'"),
    "a server changed by SQL": sql("UPDATE servers_outgoingserver SET priority = 1"),
    "another dedicated server": lambda s: DedicatedServer.objects.update(server=s.server),
    "no dedicated server": lambda s: DedicatedServer.objects.all().delete(),
    "a new alias domain": lambda s: save_alias_domain(AliasDomain(workspace=s.workspace, name="second.example")),
    "an alias domain updated": lambda s: AliasDomain.objects.update(default_from="office"),
    "an alias domain deleted": lambda s: s.domain.delete(),
    "a company's other domain": lambda s: CompanyAliasDomain.objects.update(alias_domain=s.domain),
    "a company without a domain": lambda s: assign(s.company, None),
    "a new company with a domain": lambda s: create_company(s.workspace, "Second Company"),
    "a company renamed": lambda s: s.workspace.companies.update(name="Renamed"),
    "a DKIM key revoked": lambda s: DkimKey.objects.update(is_active=False),
    "a DKIM key deleted": lambda s: s.key.delete(),
    "a system parameter set": lambda s: set_parameter(s.workspace, "mail.default.from_filter", "a.example"),
    "a system parameter deleted": lambda s: SystemParameter.objects.all().delete(),
    "another policy": lambda s: Workspace.objects.update(routing_policy="prefer-notification-server"),
    "another sub-domain": sql("UPDATE workspaces_workspace SET slug = 'renamed' WHERE slug = 'company-name'"),
}


@pytest.mark.parametrize("change", RAISING.values(), ids=RAISING)
def test_what_routing_reads_raises_the_version(scene: Scene, change: Change) -> None:
    before = scene.version()
    change(scene)
    assert scene.version() > before


NOT_RAISING: dict[str, Change] = {
    "a new name": lambda s: Workspace.objects.update(name="Renamed"),
    "signed return paths": lambda s: Workspace.objects.update(signs_return_path=True),
    "an API key": lambda s: create_key(s.workspace, name="shop"),
    "a person": lambda s: Membership.objects.create(
        workspace=s.workspace, user=User.objects.create_user("a@example.com", "x"), role="owner"
    ),
    "an alias": lambda s: save_alias(Alias(workspace=s.workspace, local_part="info", alias_domain=s.domain)),
    "a template": lambda s: Template.objects.create(workspace=s.workspace, name="Welcome", server=s.server),
    "a server of another workspace": lambda s: OutgoingServer.objects.create(workspace=s.other, name="Theirs"),
    "an alias domain of another": lambda s: save_alias_domain(AliasDomain(workspace=s.other, name="their.example")),
    "a parameter of another": lambda s: set_parameter(s.other, "mail.default.from_filter", "a.example"),
}


@pytest.mark.parametrize("change", NOT_RAISING.values(), ids=NOT_RAISING)
def test_what_routing_does_not_read_leaves_the_version(scene: Scene, change: Change) -> None:
    before = scene.version()
    change(scene)
    assert scene.version() == before


def test_a_workspace_read_before_a_change_and_stored_after_it_does_not_undo_the_version(scene: Scene) -> None:
    """Else the next change would reach a version that was used before, with what was remembered for it."""
    stale = Workspace.objects.get(pk=scene.workspace.pk)
    scene.server.save()
    after = scene.version()
    stale.name = "Renamed"
    stale.save()
    assert scene.version() == after
    stale.routing_policy = "prefer-notification-server"
    stale.save()
    assert scene.version() == after + 1


def test_a_server_that_moves_to_another_workspace_concerns_both(scene: Scene) -> None:
    before = scene.version(), scene.version(scene.other)
    OutgoingServer.objects.filter(pk=scene.server.pk).update(workspace=scene.other)
    assert (scene.version() > before[0], scene.version(scene.other) > before[1]) == (True, True)


def test_a_workspace_with_all_it_has_can_be_deleted(scene: Scene) -> None:
    DedicatedServer.objects.all().delete()
    scene.workspace.delete()
    assert Workspace.objects.get() == scene.other
