"""Do people see how mail comes back, which addresses work, and can they test one?"""

import pytest
from django.test import Client

from postroom.domains.alias_domains import save_alias_domain
from postroom.domains.models import AliasDomain
from postroom.inbound.models import AddressProbe
from postroom.servers.models import OutgoingServer
from postroom.servers.save import save_server
from postroom.workspaces.models import Workspace
from tests.inbound.mail import letter, take

PATH = "/settings/receiving"
BOUNCE = "bounce@company-name.com"


@pytest.fixture
def domain(workspace: Workspace) -> AliasDomain:
    save_server(OutgoingServer(workspace=workspace, name="mx", host="mx.example.com"))
    return save_alias_domain(AliasDomain(workspace=workspace, name="company-name.com"))


def shown(client: Client, **headers: str) -> str:
    response = client.get(PATH, headers=headers)
    assert response.status_code == 200, response
    return response.content.decode()


def test_tells_the_ways_and_where_each_address_is_redirected_to(owner: Client, domain: AliasDomain) -> None:
    page = shown(owner)
    assert "Which way is the right one?" in page
    assert BOUNCE in page
    assert "bounce@company-name.example" in page
    assert page.count("not tested") == 4
    assert "dmarc-reports@company-name.example" in page
    assert "every 5s" not in page


def test_without_domain_and_alias_nothing_is_to_be_done(owner: Client) -> None:
    assert "company-name.example, which comes here by itself" in shown(owner)


def test_an_address_is_tested_and_works_once_its_mail_is_back(owner: Client, domain: AliasDomain) -> None:
    owner.post(f"{PATH}/probe", {"address": BOUNCE})
    probe = AddressProbe.objects.get()
    page = shown(owner)
    assert ("on its way" in page, "every 5s" in page) == (True, True)
    take(letter(f"X-Postroom-Probe: {probe.token}"), BOUNCE)
    part = shown(owner, HX_Request="true")
    assert ("works" in part, "by MX" in part, "<h1" in part) == (True, True, False)


def test_all_are_tested_and_what_fails_says_why(owner: Client, domain: AliasDomain) -> None:
    owner.post(f"{PATH}/probe")
    probed = set(AddressProbe.objects.values_list("address", flat=True))
    local_parts = ("bounce", "catchall", "notifications", "dmarc-reports")
    assert probed == {f"{local_part}@company-name.com" for local_part in local_parts}
    AddressProbe.objects.update(fault="A server took it, and nothing came back.")
    assert shown(owner).count("A server took it, and nothing came back.") == 4


def test_only_addresses_of_the_workspace_by_who_may_set_it_up(
    owner: Client, member: Client, outsider: Client, domain: AliasDomain
) -> None:
    owner.post(f"{PATH}/probe", {"address": "joe@elsewhere.example"})
    assert member.post(f"{PATH}/probe", {"address": BOUNCE}).status_code == 403
    assert outsider.post(f"{PATH}/probe", {"address": BOUNCE}).status_code == 403
    assert not AddressProbe.objects.exists()
