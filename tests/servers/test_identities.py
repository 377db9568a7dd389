"""Is every address found that a server will be given, and none that it will not?"""

import pytest
from django.test.utils import CaptureQueriesContext

from postroom.domains.alias_domains import assign, create_company, save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.mailings.models import Template
from postroom.policy.permission import Role
from postroom.policy.reach import Obstacle
from postroom.servers.identities import Picture, Use
from postroom.servers.models import DedicatedServer, OutgoingServer
from postroom.servers.save import save_server
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Membership, User, Workspace


@pytest.fixture
def workspace(db: None) -> Workspace:
    workspace = create_workspace("company-name", company="My Company")
    save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))
    mary = User.objects.create_user("mary@company-name.com", "x")
    Membership.objects.create(workspace=workspace, user=mary, role=Role.MEMBER)
    return workspace


def add_server(workspace: Workspace, name: str, from_filter: str = "", priority: int = 10) -> OutgoingServer:
    return save_server(
        OutgoingServer(
            workspace=workspace, name=name, host="mx.example.com", from_filter=from_filter, priority=priority
        )
    )


def picture(workspace: Workspace) -> Picture:
    workspace.refresh_from_db()
    return Picture(workspace)


def identities(server: OutgoingServer) -> dict[str, tuple[Use, ...]]:
    return {identity.address: identity.uses for identity in picture(server.workspace).identities(server)}


def test_a_server_for_the_domain_is_given_bounce_notification_and_people(workspace: Workspace) -> None:
    assert identities(add_server(workspace, "Company mail", "company-name.com")) == {
        "bounce@company-name.com": (Use.BOUNCE,),
        "notifications@company-name.com": (Use.NOTIFICATION,),
        "mary@company-name.com": (Use.PERSON,),
    }


def test_a_server_without_a_filter_is_given_the_notification_address_alone(workspace: Workspace) -> None:
    assert set(identities(add_server(workspace, "Open"))) == {
        "bounce@company-name.com",
        "notifications@company-name.com",
    }


def test_a_filter_that_leaves_the_bounce_address_out_makes_the_from_the_return_path(workspace: Workspace) -> None:
    add_server(workspace, "Company mail", "company-name.com", priority=1)
    shop = add_server(workspace, "Shop", "shop@shop.example")
    assert identities(shop) == {"shop@shop.example": (Use.FILTER,)}


def test_a_domain_of_which_nobody_is_known_is_tried_with_an_address_of_it(workspace: Workspace) -> None:
    add_server(workspace, "Company mail", "company-name.com", priority=1)
    shop = add_server(workspace, "Shop", "shop.example")
    assert identities(shop) == {"notifications@shop.example": (Use.FILTER,)}


def test_templates_count_with_their_from_and_with_the_server_they_are_bound_to(workspace: Workspace) -> None:
    server = add_server(workspace, "Company mail", "company-name.com", priority=1)
    bound = add_server(workspace, "Invoices", "billing.example")
    Template.objects.create(workspace=workspace, name="Offer", header_from='"Sales" <sales@company-name.com>')
    Template.objects.create(workspace=workspace, name="Bill", header_from="bill@billing.example", server=bound)
    assert identities(server)["sales@company-name.com"] == (Use.TEMPLATE,)
    assert identities(bound)["bill@billing.example"] == (Use.TEMPLATE,)


def test_the_dedicated_server_is_given_what_mass_mail_leaves_under(workspace: Workspace) -> None:
    add_server(workspace, "Company mail", "company-name.com", priority=1)
    mass = add_server(workspace, "Mailgun", "news.company-name.com")
    DedicatedServer.objects.create(workspace=workspace, server=mass)
    assert identities(mass)["notifications@company-name.com"] == (Use.NOTIFICATION,)


def test_every_company_counts(workspace: Workspace) -> None:
    server = add_server(workspace, "Open")
    second = save_alias_domain(AliasDomain(workspace=workspace, name="second-company.com"))
    assign(create_company(workspace, "Second Company"), second)
    assert {"notifications@company-name.com", "notifications@second-company.com"} < set(identities(server))


def test_a_server_to_which_nobody_leads_is_tried_as_if_it_were_chosen(workspace: Workspace) -> None:
    add_server(workspace, "First", priority=1)
    behind = add_server(workspace, "Behind")
    assert "notifications@company-name.com" in identities(behind)
    reach = picture(workspace).reaches()[behind.pk]
    assert (reach.never_chosen, reach.remarks[0].obstacle) == (True, Obstacle.BEHIND)


def test_a_complete_default_from_leaves_other_senders_without_use(workspace: Workspace) -> None:
    domain = workspace.alias_domains.get()
    domain.default_from = "hello@elsewhere.example"
    save_alias_domain(domain)
    add_server(workspace, "Elsewhere", "elsewhere.example", priority=1)
    company = add_server(workspace, "Company mail", "company-name.com")
    (remark,) = picture(workspace).reaches()[company.pk].remarks
    assert remark.obstacle is Obstacle.NO_SENDER


def test_the_picture_takes_a_handful_of_queries(
    workspace: Workspace, django_assert_max_num_queries: type[CaptureQueriesContext]
) -> None:
    servers = [add_server(workspace, f"Server {number}", f"{number}.example.com") for number in range(20)]
    for number in range(10):
        create_company(workspace, f"Company {number}")
    workspace.refresh_from_db()
    with django_assert_max_num_queries(7):
        seen = Picture(workspace)
        seen.reaches()
        for server in servers:
            seen.identities(server)
