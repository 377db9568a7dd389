"""Does mail of a server with a fault leave through another one exactly when that may send for the same From?"""

from postroom.outbound.failover import FAULTS_TO_DIVERT, divert_around_faults
from postroom.outbound.models import Delivery, Message, Outlet, Stream
from postroom.servers.models import DedicatedServer, OutgoingServer
from tests.outbound.office import Courier, Office, lane_of, outlet, statuses


def break_down(courier: Courier, server: OutgoingServer) -> None:
    """Its port answers nobody, so often that it is no hiccup."""
    for _ in range(FAULTS_TO_DIVERT):
        Outlet.objects.filter(server=server).update(closed_until=None)
        courier.drain(lane_of(server))
    assert outlet(server).faults >= FAULTS_TO_DIVERT


def test_mail_leaves_through_a_server_that_may_send_for_the_same_from(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    with courier.mailbox() as mailbox:
        broken = busy_office.add_server(name="A broken", from_filter="company-name.com", priority=1)
        spare = busy_office.add_server(mailbox.port, name="B spare", from_filter="company-name.com", priority=2)
        message = busy_office.send()
        break_down(courier, broken)
        divert_around_faults()
        courier.drain(lane_of(spare))
    assert statuses() == {"joe@customer.example.com": "sent"}
    moved = Message.objects.get(pk=message)
    assert moved.header_from == '"Mary" <mary@company-name.com>'
    assert "Fail-over: “A broken” has a fault" in moved.trace["warnings"][-1]
    assert outlet(broken).fallback == "Mail that may leaves through B spare meanwhile."


def test_mail_waits_where_another_server_would_change_its_from(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    broken = busy_office.add_server(name="A broken", from_filter="company-name.com", priority=1)
    busy_office.add_server(name="B other", from_filter="other-name.com", priority=2)
    busy_office.send()
    break_down(courier, broken)
    divert_around_faults()
    assert Delivery.objects.get().lane_id == lane_of(broken)
    assert outlet(broken).fallback == (
        'Mail from "Mary" <mary@company-name.com> waits: no other server may send for it.'
    )


def test_a_rewritten_from_may_leave_through_every_server_that_writes_the_same(
    busy_office: Office, courier: Courier
) -> None:
    busy_office.add_domain()
    broken = busy_office.add_server(name="A broken", from_filter="", priority=1)
    spare = busy_office.add_server(name="B spare", from_filter="", priority=2)
    busy_office.send(from_='"Joe" <joe@customer.example.com>')
    break_down(courier, broken)
    divert_around_faults()
    assert Delivery.objects.get().lane_id == lane_of(spare)
    assert Message.objects.get().header_from == '"Joe" <notifications@company-name.com>'


def test_a_spare_server_with_a_fault_of_its_own_is_no_help(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    broken = busy_office.add_server(name="A broken", from_filter="company-name.com", priority=1)
    spare = busy_office.add_server(name="B spare", from_filter="company-name.com", priority=2)
    busy_office.send(forced_server=spare.pk)
    busy_office.send("ann@customer.example.com")
    for server in (broken, spare):
        break_down(courier, server)
    divert_around_faults()
    assert Delivery.objects.get(recipient="ann@customer.example.com").lane_id == lane_of(broken)


def test_neither_forced_mail_nor_mass_mail_leaves_its_own_server(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    broken = busy_office.add_server(name="A broken", from_filter="company-name.com", priority=1)
    busy_office.add_server(name="B spare", from_filter="company-name.com", priority=2)
    DedicatedServer.objects.create(workspace=busy_office.workspace, server=broken)
    busy_office.send(forced_server=broken.pk)
    busy_office.send("reader@customer.example.com", stream=Stream.MASS)
    break_down(courier, broken)
    divert_around_faults()
    assert set(Delivery.objects.values_list("lane__outlet__server", flat=True)) == {broken.pk}


def test_a_first_fault_moves_nothing(busy_office: Office, courier: Courier) -> None:
    busy_office.add_domain()
    broken = busy_office.add_server(name="A broken", from_filter="company-name.com", priority=1)
    busy_office.add_server(name="B spare", from_filter="company-name.com", priority=2)
    busy_office.send()
    courier.drain(lane_of(broken))
    divert_around_faults()
    assert Delivery.objects.get().lane_id == lane_of(broken)
