"""Is an address proven when a mail through the outside comes back, and told when it does not?"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from postroom.domains.aliases import UnknownAliasError, put_alias
from postroom.domains.models import Alias, AliasDomain
from postroom.inbound.handle import handle_received
from postroom.inbound.models import AddressProbe
from postroom.inbound.probes import AGAIN_AFTER, PATIENCE, judge_lost, needs, send_due, send_probe
from postroom.outbound import feed
from postroom.outbound.models import Delivery
from postroom.workspaces.alerts import open_alerts
from postroom.workspaces.keys import create_key
from tests.api.conftest import Caller
from tests.cli.conftest import run
from tests.inbound.doors import open_door
from tests.inbound.mail import letter, take
from tests.outbound.office import Courier, Office, lane_of

INFO = "info@company-name.com"


@pytest.fixture
def alias(office: Office) -> Alias:
    return put_alias(office.workspace, "info", domains=["company-name.com"], changes={})


def proofs(office: Office) -> dict[str, str]:
    return {need.address: need.proof for need in needs(office.workspace)}


@pytest.fixture
def courier(busy_office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Courier]:
    monkeypatch.setattr(feed, "QUIET_SECONDS", 0.05)  # a server is left at once
    courier = Courier()
    yield courier
    courier.close()


@pytest.mark.django_db(transaction=True)
def test_a_probe_that_comes_back_by_mx_proves_the_address(busy_office: Office, courier: Courier) -> None:
    alias = put_alias(busy_office.workspace, "info", domains=["company-name.com"], changes={})
    with open_door() as port:
        server = busy_office.add_server(port)
        send_probe(busy_office.workspace, INFO)
        assert proofs(busy_office)[INFO] == "waiting"
        courier.drain(lane_of(server))
    assert Delivery.objects.get().status == "sent"
    handle_received()
    (need,) = (need for need in needs(busy_office.workspace) if need.address == INFO)
    assert (need.proof, need.source, need.needs_set_up) == ("valid", "mx", True)
    alias.refresh_from_db()
    assert alias.status == "valid"


@pytest.mark.django_db
def test_lists_every_address_whether_it_was_tested_or_not(office: Office, alias: Alias) -> None:
    own = [f"{local_part}@company-name.com" for local_part in ("bounce", "catchall", "notifications", "dmarc-reports")]
    assert proofs(office) == dict.fromkeys((INFO, *own), "not_tested")


@pytest.mark.django_db
@pytest.mark.parametrize("local_part", ["notifications", "dmarc-reports"])
def test_what_nobody_holds_is_proven_too(office: Office, alias: Alias, local_part: str) -> None:
    address = f"{local_part}@company-name.com"
    probe = send_probe(office.workspace, address)
    take(letter(f"X-Postroom-Probe: {probe.token}"), address)
    assert proofs(office)[address] == "valid"


@pytest.mark.django_db
def test_a_complete_default_from_is_tested_where_its_mail_comes_here(office: Office, alias: Alias) -> None:
    AliasDomain.objects.update(default_from="office@elsewhere.example")
    assert "office@elsewhere.example" not in proofs(office)
    AliasDomain.objects.update(default_from=INFO)
    assert proofs(office)[INFO] == "not_tested"


@pytest.mark.django_db
def test_a_probe_counts_whatever_address_it_was_redirected_to(office: Office, alias: Alias) -> None:
    probe = send_probe(office.workspace, INFO)
    row = take(letter(f"X-Postroom-Probe: {probe.token}"), "catchall@company-name.com")
    assert (row.state, proofs(office)[INFO]) == ("handled", "valid")


@pytest.mark.django_db
def test_another_token_counts_for_nothing(office: Office, alias: Alias) -> None:
    send_probe(office.workspace, INFO)
    take(letter("X-Postroom-Probe: guessed"), INFO)
    assert proofs(office)[INFO] == "waiting"


@pytest.mark.django_db
def test_an_address_is_invalid_when_nothing_comes_back_until_it_does(office: Office, alias: Alias) -> None:
    probe = send_probe(office.workspace, INFO)
    assert judge_lost() == 0
    Delivery.objects.update(status="sent", finished_at=timezone.now() - PATIENCE - timedelta(seconds=1))
    assert (judge_lost(), judge_lost()) == (1, 0)
    alias.refresh_from_db()
    assert (alias.status, proofs(office)[INFO]) == ("invalid", "invalid")
    assert INFO in open_alerts().get().what_happened
    take(letter(f"X-Postroom-Probe: {probe.token}"), INFO)  # late, and still a proof
    assert proofs(office)[INFO] == "valid"
    assert not open_alerts().exists()


@pytest.mark.django_db
def test_an_address_that_is_refused_is_invalid_at_once_with_the_words(office: Office, alias: Alias) -> None:
    send_probe(office.workspace, INFO)
    Delivery.objects.update(status="bounced", finished_at=timezone.now(), reason="550 5.1.1 No such user")
    judge_lost()
    assert "No such user" in open_alerts().get().what_happened


@pytest.mark.django_db
def test_what_was_probed_once_is_probed_again_each_week(office: Office, alias: Alias) -> None:
    send_probe(office.workspace, INFO)
    assert send_due() == 0
    AddressProbe.objects.update(sent_at=timezone.now() - AGAIN_AFTER - timedelta(hours=1))
    assert (send_due(), send_due()) == (1, 0)


@pytest.mark.django_db
def test_only_addresses_of_the_workspace_are_probed(office: Office) -> None:
    with pytest.raises(UnknownAliasError):
        send_probe(office.workspace, "joe@elsewhere.example")


@pytest.mark.django_db
def test_is_asked_for_by_api_and_command(office: Office, alias: Alias) -> None:
    caller = Caller(create_key(office.workspace, name="shop"))
    assert caller.post("/aliases/probe", {"address": INFO}).json()["proof"] == "waiting"
    listed = caller.get("/aliases/proven").json()["addresses"]
    assert {each["address"]: each["proof"] for each in listed}[INFO] == "waiting"
    result = run("alias", "probe", "--workspace", "company-name")
    assert (result.exit_code, AddressProbe.objects.count()) == (0, 6)
    assert (
        f"{INFO}  alias, needs a mailbox or redirection: waiting"
        in run("alias", "proven", "--workspace", "company-name").output
    )
