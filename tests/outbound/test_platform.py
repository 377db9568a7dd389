"""What may the administrators of a hosted platform do to a workspace, and what becomes of its mail?"""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from postroom.outbound import platform
from postroom.outbound.models import Message
from postroom.workspaces import plans
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Alert, Change, Workspace
from tests.outbound.office import Courier, Office, delivery, lane_of, statuses


def of_platform(settings: Settings, port: int) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=True, default_server=f"smtp://127.0.0.1:{port}")


def again(workspace: Workspace) -> Workspace:
    return Workspace.objects.select_related("plan").get(pk=workspace.pk)


def test_nothing_of_a_suspended_workspace_leaves_and_its_mail_says_why(busy_office: Office, courier: Courier) -> None:
    """Whichever server it takes; what others send goes on."""
    other = Office(create_workspace("other-name", company="Other"))
    with courier.mailbox() as mailbox:
        server = busy_office.add_server(mailbox.port)
        busy_office.send()
        platform.suspend(again(busy_office.workspace), reason="Complaints about spam.", by="tests")
        courier.drain(lane_of(server))
        assert (mailbox.received, delivery().status) == ([], "deferred")
        assert delivery().reason == "The workspace is suspended: Complaints about spam."
        assert delivery().attempts == 0
        theirs = other.add_server(mailbox.port)
        other.send("ann@customer.example.com")
        courier.drain(lane_of(theirs))
        assert len(mailbox.received) == 1
        platform.resume(again(busy_office.workspace), by="tests")
        courier.drain(lane_of(server))
        assert len(mailbox.received) == 2
    assert delivery().status == "sent"


def test_on_the_platforms_server_a_suspended_workspace_stops_nobody_else(
    busy_office: Office, courier: Courier, settings: Settings
) -> None:
    """More flows than take part in one claim, most of them suspended: the others find their turn, and it ends."""
    offices = [Office(create_workspace(f"name-{number}", company="Name")) for number in range(24)]
    with courier.mailbox() as mailbox:
        of_platform(settings, mailbox.port)
        for number, each in enumerate(offices):
            each.send(f"joe{number}@customer.example.com")
            if number % 8:
                platform.suspend(each.workspace, reason="Unpaid.", by="tests")
        courier.drain(lane_of(None))
        assert len(mailbox.received) == 3
    assert sorted(set(statuses().values())) == ["deferred", "sent"]


def test_the_time_of_a_suspension_is_not_taken_from_the_life_of_mail(busy_office: Office, courier: Courier) -> None:
    busy_office.send()
    platform.suspend(again(busy_office.workspace), reason="Unpaid.", by="tests")
    Workspace.objects.update(suspended_at=timezone.now() - timedelta(days=3))
    before = delivery().expires_at
    platform.resume(again(busy_office.workspace), by="tests")
    assert timedelta(days=2, hours=23) < delivery().expires_at - before < timedelta(days=3, hours=1)


def test_suspending_and_resuming_are_told_and_noted(office: Office) -> None:
    platform.suspend(again(office.workspace), reason="Unpaid.", by="tests")
    assert Alert.objects.get(resolved_at=None).what_happened.endswith("suspended this workspace: Unpaid.")
    platform.resume(again(office.workspace), by="tests")
    platform.resume(again(office.workspace), by="tests")  # it is: nothing is noted
    assert not Alert.objects.filter(resolved_at=None).exists()
    reasons = Change.objects.order_by("id").values_list("after__suspension", flat=True)
    assert [reason for reason in reasons if reason is not None] == ["Unpaid.", ""]


def test_a_limit_follows_plan_and_features_until_it_is_set_by_itself(
    busy_office: Office, courier: Courier, settings: Settings
) -> None:
    standard = next(plan for plan in plans.plans() if plan.name == "Standard")
    workspace = again(busy_office.workspace)
    platform.allow(workspace, by="tests", own_limit=None, plan=standard, features=["mailings"])
    assert again(workspace).default_server_daily_limit == 100
    platform.allow(workspace, by="tests", own_limit=7, plan=standard, features=["mailings"])
    assert again(workspace).default_server_daily_limit == 7
    standard.base = 60
    platform.save_plan(standard, by="tests")
    assert again(workspace).default_server_daily_limit == 7
    platform.allow(again(workspace), by="tests", own_limit=None, plan=standard, features=[])
    standard.base = 70
    platform.save_plan(standard, by="tests")
    assert again(workspace).default_server_daily_limit == 70
    assert Change.objects.filter(kind="workspace").count() == 4


def test_a_raised_limit_lets_waiting_mail_leave(busy_office: Office, courier: Courier, settings: Settings) -> None:
    with courier.mailbox() as mailbox:
        of_platform(settings, mailbox.port)
        platform.allow(again(busy_office.workspace), by="tests", own_limit=1, plan=None, features=[])
        for name in ("ann", "joe", "max"):
            busy_office.send(f"{name}@customer.example.com")
        courier.drain(lane_of(None))
        assert len(mailbox.received) == 1
        (use,) = platform.uses(now=timezone.now(), text="company")
        assert (use.used, use.waiting) == (1, 2)
        platform.allow(again(busy_office.workspace), by="tests", own_limit=3, plan=None, features=[])
        courier.drain(lane_of(None))
        assert len(mailbox.received) == 3


def test_what_leaves_through_the_platforms_server_returns_to_the_sub_domain(
    busy_office: Office, courier: Courier, settings: Settings
) -> None:
    busy_office.add_domain()
    busy_office.workspace.parameters.update(value="company-name.com")
    busy_office.send(from_="mary@company-name.com")
    assert Message.objects.get().return_path == "bounce@company-name.com"
    with courier.mailbox() as mailbox:
        of_platform(settings, mailbox.port)
        busy_office.workspace.parameters.update(value="company-name.com, a.example")  # read anew
        busy_office.send("ann@customer.example.com", from_="mary@company-name.com")
        courier.drain(lane_of(None))
        return_path = next(found[0] for found in mailbox.received if found[1] == ("ann@customer.example.com",))
    assert return_path == "bounce@company-name.example"


@pytest.mark.django_db
def test_use_is_listed_with_who_uses_most_first() -> None:
    for slug in ("b-name", "a-name"):
        create_workspace(slug, company="Name")
    assert [use.workspace.slug for use in platform.uses(now=timezone.now())] == ["a-name", "b-name"]
    assert [use.workspace.slug for use in platform.uses(now=timezone.now(), text="B-")] == ["b-name"]
