"""Does the first page say what needs a person, and how mail flows?"""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from postroom.outbound.flow import DailyUse, daily_use, tries_by_day, waiting
from postroom.outbound.listing import time_of
from postroom.outbound.models import Attempt, Message, Outlet, Usage
from postroom.servers.models import OutgoingServer
from postroom.workspaces.alerts import raise_alert
from postroom.workspaces.models import Workspace
from tests.web.samples import store_delivery, store_message

PARTIAL = {"hx-request": "true"}


def attempt(message: Message, outcome: str, *, at: datetime | None = None, cause: str = "") -> None:
    Attempt.objects.create(
        delivery=message.deliveries.get(), server_name="mx", outcome=outcome, cause=cause, at=at or timezone.now()
    )


def test_says_that_nothing_needs_a_person(member: Client) -> None:
    assert "Nothing does." in member.get("/").content.decode()


def test_leads_from_each_cause_of_failure_to_its_mail(member: Client, workspace: Workspace) -> None:
    for number in range(3):
        message = store_message(workspace, {f"gone{number}@example.com": "bounced"})
        message.deliveries.update(reason="There is no such mailbox.")
        attempt(message, "bounced", cause="unknown-recipient")
    store_message(workspace, {"a@example.com": "held"})
    page = member.get("/").content.decode()
    assert "There is no such mailbox." in page
    assert "3 deliveries" in page
    assert "/messages?status=bounced&amp;cause=unknown-recipient" in page
    assert "Waits until a person releases it." in page


def test_shows_alerts_of_the_workspace_and_of_the_installation(member: Client, workspace: Workspace) -> None:
    raise_alert(workspace, "dns", "a.example", what_happened="No SPF record.", what_to_do="Publish one.")
    raise_alert(None, "disk", "disk", what_happened="The disk is nearly full.")
    raise_alert(workspace, "server_fault", "7", what_happened="Brevo refuses the login.")
    raise_alert(workspace, "oauth_app", "1", what_happened="The client secret ends in 7 days.")
    page = member.get("/").content.decode()
    for address in ("/settings/alias-domains", "/settings/servers/7", "/settings/oauth"):
        assert f'href="{address}"' in page
    for words in ("No SPF record.", "Publish one.", "The disk is nearly full."):
        assert words in page


def test_shows_nothing_of_another_workspace(outsider: Client, workspace: Workspace) -> None:
    raise_alert(workspace, "dns", "a.example", what_happened="No SPF record.")
    attempt(store_message(workspace, {"a@example.com": "bounced"}), "bounced")
    assert "Nothing does." in outsider.get("/").content.decode()
    assert "<b>1</b>" not in outsider.get("/flow", headers=PARTIAL).content.decode()


def test_counts_tries_by_the_days_of_the_persons_time_zone(workspace: Workspace) -> None:
    message = store_message(workspace, {"a@example.com": "sent"})
    attempt(message, "deferred", at=datetime(2025, 3, 30, 21, 59, tzinfo=UTC))  # 23:59 in Paris
    attempt(message, "sent", at=datetime(2025, 3, 30, 22, 1, tzinfo=UTC))  # 00:01 the next day
    now = datetime(2025, 3, 31, 12, tzinfo=UTC)
    days = tries_by_day(workspace, days=3, now=now, zone=ZoneInfo("Europe/Paris"))
    assert [(day.sent, day.deferred, day.bounced) for day in days] == [(0, 0, 0), (0, 1, 0), (1, 0, 0)]


def test_tells_how_long_the_oldest_mail_waits(workspace: Workspace) -> None:
    now = timezone.now()
    message = store_message(workspace, {"a@example.com": "sent"})
    store_delivery(message, "b@example.com", "queued", due_at=now - timedelta(hours=2))
    store_delivery(message, "c@example.com", "deferred", due_at=now - timedelta(hours=1))
    store_delivery(message, "d@example.com", "deferred", due_at=now + timedelta(hours=1))
    found = waiting(workspace, now=now)
    assert (found.count, found.oldest_at) == (2, now - timedelta(hours=2))


def test_shows_the_use_of_the_daily_limit_as_the_limit_counts_it(member: Client, workspace: Workspace) -> None:
    assert "of 200" not in member.get("/flow", headers=PARTIAL).content.decode()
    Workspace.objects.filter(pk=workspace.pk).update(default_server_daily_limit=200)
    workspace.refresh_from_db()
    own = OutgoingServer.objects.create(workspace=workspace, name="Own", host="smtp.example.com")
    named = OutgoingServer.objects.create(workspace=workspace, name="Named", authentication="default_server")
    now = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    for server, at, messages in (
        (None, now, 3), (named, now, 4), (own, now, 50), (None, now - timedelta(hours=2), 60),
    ):  # fmt: skip
        outlet, _ = Outlet.objects.get_or_create(server=server)
        Usage.objects.create(outlet=outlet, workspace=workspace, at=at, messages=messages)
    use = daily_use(workspace, now=now)
    assert use == DailyUse(used=7, limit=200, starts_anew_at=datetime(2026, 3, 30, tzinfo=UTC))
    Usage.objects.create(outlet=Outlet.objects.get(server=None), workspace=workspace, at=timezone.now(), messages=9)
    page = member.get("/flow", headers=PARTIAL).content.decode()
    assert "9 of 200" in page
    assert '<a class="card" href="/monitor">' in page
    assert "counted anew:" in page


def test_shows_the_numbers_without_scripts_too(member: Client) -> None:
    assert "<html" in member.get("/flow").content.decode()
    assert "<html" not in member.get("/flow", headers=PARTIAL).content.decode()


def test_leads_from_the_number_of_a_day_to_its_mail(member: Client, workspace: Workspace) -> None:
    attempt(store_message(workspace, subject="Invoice I00012"), "sent")
    page = member.get("/flow", headers=PARTIAL).content.decode()
    (before,) = re.findall(r'"/messages\?status=sent&amp;before=([\w-]+)">1<', page)
    assert timezone.now() < time_of(UUID(before)) <= timezone.now() + timedelta(hours=25)
    assert "Invoice I00012" in member.get(f"/messages?status=sent&before={before}").content.decode()


@pytest.mark.parametrize("path", ["/", "/flow"])
def test_needs_few_queries_for_much_mail(
    member: Client, workspace: Workspace, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(40):
        attempt(store_message(workspace, {f"a{number}@example.com": "bounced"}), "bounced", cause=f"cause-{number}")
    with django_assert_max_num_queries(13):
        member.get(path)
