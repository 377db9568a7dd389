"""Does a monitoring system learn how the queue stands, and nobody else?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from postroom.outbound.models import Attempt, Delivery
from postroom.workspaces.alerts import raise_alert
from tests.outbound.office import Office

SERVER = 'workspace="company-name",server="Company mail",stream="transactional"'


@pytest.fixture(autouse=True)
def office(db: None) -> Iterator[Office]:
    cache.delete("metrics")
    office = Office()
    office.add_server()
    yield office
    cache.delete("metrics")


def read(**options: object) -> dict[str, float]:
    cache.delete("metrics")
    response = Client().get("/metrics", **options)
    assert response.status_code == 200
    lines = response.content.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def end_attempts(outcome: str, count: int = 1) -> None:
    delivery = Delivery.objects.earliest("id")
    Attempt.objects.bulk_create(Attempt(delivery=delivery, server_name="", outcome=outcome) for _ in range(count))


def settle() -> None:
    Attempt.objects.update(at=F("at") - timedelta(minutes=1))


def test_tells_what_waits_for_each_server_and_how_long(office: Office) -> None:
    office.send("joe@customer.example.com", "ann@customer.example.com", "eve@customer.example.com")
    Delivery.objects.filter(recipient="joe@customer.example.com").update(due_at=Now() - timedelta(hours=1))
    Delivery.objects.filter(recipient="eve@customer.example.com").update(status="held")
    read_now = read()
    assert read_now[f'postroom_deliveries{{{SERVER},status="queued"}}'] == 2
    assert read_now[f'postroom_deliveries{{{SERVER},status="held"}}'] == 1
    assert 3600 <= read_now[f"postroom_oldest_due_seconds{{{SERVER}}}"] < 3700


def test_what_is_due_later_is_not_late(office: Office) -> None:
    office.send()
    Delivery.objects.update(due_at=Now() + timedelta(hours=1))
    assert f"postroom_oldest_due_seconds{{{SERVER}}}" not in read()


def test_attempts_are_counted_once_each_and_stay_counted(office: Office) -> None:
    office.send()
    end_attempts("sent", 3)
    end_attempts("deferred")
    assert read()['postroom_attempts_total{outcome="sent"}'] == 0  # too young to be sure of all
    settle()
    assert read()['postroom_attempts_total{outcome="sent"}'] == 3
    Attempt.objects.all().delete()
    end_attempts("sent")
    settle()
    end_attempts("sent")
    counted = read()
    sent = 'postroom_attempts_total{outcome="sent"}'
    assert counted[sent] == read()[sent] == 4
    assert counted['postroom_attempts_total{outcome="deferred"}'] == 1
    assert counted['postroom_attempts_total{outcome="bounced"}'] == 0


def test_tells_of_processes_and_alerts(office: Office) -> None:
    raise_alert(office.workspace, "server_fault", "7", what_happened="x")
    told = read()
    assert told['postroom_processes{part="worker"}'] == 0
    assert told['postroom_open_alerts{kind="server_fault"}'] == 1


@pytest.mark.parametrize(
    "options", [{"REMOTE_ADDR": "192.0.2.1"}, {"headers": {"X-Forwarded-For": "192.0.2.1"}}, {"REMOTE_ADDR": ""}]
)
def test_without_a_token_only_this_machine_is_answered(options: dict[str, object]) -> None:
    assert Client().get("/metrics", **options).status_code == 403
    assert Client().get("/metrics", REMOTE_ADDR="::1").status_code == 200


def test_with_a_token_only_who_holds_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "POSTROOM", replace(settings.POSTROOM, metrics_token="geheim"))
    assert Client().get("/metrics").status_code == 401
    assert Client().get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 401
    assert read(REMOTE_ADDR="192.0.2.1", headers={"Authorization": "Bearer geheim"})
