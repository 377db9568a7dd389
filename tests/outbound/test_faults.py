"""Does a server's fault raise one alert, however much mail it concerns, and is it cleared when the server works?"""

from django.db.models.functions import Now

from postroom.outbound.faults import tell_server_faults
from postroom.outbound.models import Outlet
from postroom.servers.archive import archive
from postroom.workspaces.models import Alert
from tests.outbound.office import Courier, Office, lane_of


def test_a_server_that_cannot_be_reached_raises_one_alert_for_all_its_mail(
    busy_office: Office, courier: Courier
) -> None:
    server = busy_office.add_server(port=1)
    for stream in ("transactional", "mass"):
        busy_office.send("a@customer.example.com", "b@customer.example.com", stream=stream)
        courier.drain(lane_of(server, stream))
    for _ in range(3):
        courier.ask(tell_server_faults)
    alert = Alert.objects.get()
    assert (alert.workspace, alert.kind, alert.subject) == (busy_office.workspace, "server_fault", str(server.pk))
    assert alert.what_happened.startswith("Company mail: The server cannot be reached.")
    assert (alert.count, alert.resolved_at) == (1, None)


def test_the_alert_counts_faults_and_ends_when_the_server_answers_to_mail(
    busy_office: Office, courier: Courier
) -> None:
    server = busy_office.add_server(port=1)
    busy_office.send()
    for _ in range(2):
        courier.drain(lane_of(server))
        Outlet.objects.update(closed_until=Now())
    courier.ask(tell_server_faults)
    assert Alert.objects.get().count == 2
    with courier.mailbox() as mailbox:
        server.port = mailbox.port
        server.save()
        courier.drain(lane_of(server))
    courier.ask(tell_server_faults)
    assert Alert.objects.get().resolved_at is not None


def test_the_default_servers_alert_concerns_the_installation(busy_office: Office, courier: Courier) -> None:
    busy_office.send()
    courier.drain(lane_of(None))
    for _ in range(2):
        courier.ask(tell_server_faults)
    alert = Alert.objects.get()
    assert (alert.workspace, alert.subject) == (None, "default")


def test_an_archived_servers_alert_is_over(busy_office: Office, courier: Courier) -> None:
    server = busy_office.add_server(port=1)
    busy_office.send()
    courier.drain(lane_of(server))
    courier.ask(tell_server_faults)
    archive(server)
    courier.ask(tell_server_faults)
    assert Alert.objects.get().resolved_at is not None
