"""What do the administrators of a platform see of its workspaces, and do their buttons do what they say?"""

from dataclasses import replace
from html import unescape

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from postroom.domains.keys import begin_platform_rotation
from postroom.workspaces.models import Change, Plan, Workspace
from postroom.workspaces.plans import plans
from tests.web.samples import make_member, make_workspace, store_message


@pytest.fixture
def administrator(workspace: Workspace) -> Client:
    """Of the platform, and a mere member of a workspace."""
    person = make_member(make_workspace("of-the-platform"), "root@platform.example")
    person.is_platform_administrator = True
    person.save()
    client = Client()
    client.force_login(person)
    return client


def test_lists_all_workspaces_with_use_limit_and_what_waits(administrator: Client, workspace: Workspace) -> None:
    store_message(workspace, {"joe@example.com": "queued", "ann@example.com": "deferred"})
    page = administrator.get("/platform").content.decode()
    assert "company-name" in page
    assert "of-the-platform" in page
    assert 'data-label="Waiting">2<' in page
    found = administrator.get("/platform", {"text": "company-n"}).content.decode().partition("<h1")[2]
    assert "of-the-platform" not in found
    assert "No workspace has such a name" in administrator.get("/platform", {"text": "\x01<b>"}).content.decode()


def test_an_administrator_without_a_workspace_sees_them_too(workspace: Workspace) -> None:
    person = make_member(None, "root@platform.example")
    person.is_platform_administrator = True
    person.save()
    client = Client()
    client.force_login(person)
    assert "company-name" in client.get("/platform").content.decode()
    assert "Plans" in client.get(f"/platform/workspaces/{workspace.pk}").content.decode()


def test_a_limit_is_changed_by_plan_by_feature_and_by_itself(administrator: Client, workspace: Workspace) -> None:
    standard = next(plan for plan in plans() if plan.name == "Standard")
    path = f"/platform/workspaces/{workspace.pk}"
    administrator.post(path, {"plan": standard.pk, "mailings": "on", "own_limit": ""})
    workspace.refresh_from_db()
    assert (workspace.default_server_daily_limit, workspace.features) == (100, ["mailings"])
    page = administrator.get(path).content.decode()
    assert "allow 100 messages a day" in page
    assert "+50 a day with the plan Standard, up to 150 in all." in page
    administrator.post(path, {"plan": standard.pk, "own_limit": "500"})
    workspace.refresh_from_db()
    assert (workspace.default_server_daily_limit, workspace.features) == (500, [])
    assert administrator.post(path, {"own_limit": "-1"}).status_code == 200
    assert [change.by for change in Change.objects.filter(workspace=workspace)] == ["root@platform.example"] * 2


def test_suspending_says_why_to_the_people_of_the_workspace(
    administrator: Client, workspace: Workspace, owner: Client
) -> None:
    path = f"/platform/workspaces/{workspace.pk}"
    administrator.post(f"{path}/suspend", {"reason": " "})
    assert Workspace.objects.get(pk=workspace.pk).suspended_at is None
    administrator.post(f"{path}/suspend", {"reason": "Complaints <about> spam."})
    page = owner.get("/messages").content.decode()
    assert "This workspace is suspended: its mail waits." in page
    assert "Complaints &lt;about&gt; spam." in page
    assert "Resume the workspace" in administrator.get(path).content.decode()
    administrator.post(f"{path}/resume")
    assert "is suspended" not in owner.get("/messages").content.decode()


def test_plans_are_made_and_changed(administrator: Client, workspace: Workspace) -> None:
    page = administrator.get("/platform/plans").content.decode()
    assert all(name in page for name in ("Trial", "Standard", "Business"))
    fields = {"name": "Gold", "base": 500, "most": 900, "mailings": 1, "conversations": 2, "applications": 3}
    administrator.post("/platform/plans/0", {**fields, "starts": "on"})
    gold = Plan.objects.get(name="Gold")
    assert gold.by_feature == {"mailings": 1, "conversations": 2, "applications": 3}
    assert Plan.objects.get(is_for_new=True) == gold
    Workspace.objects.filter(pk=workspace.pk).update(plan=gold)
    administrator.post(f"/platform/plans/{gold.pk}", {**fields, "base": 600})
    assert Workspace.objects.get(pk=workspace.pk).default_server_daily_limit == 600
    refused = administrator.post(f"/platform/plans/{gold.pk}", {**fields, "most": 5}).content.decode()
    assert "less than the messages a day" in refused
    assert administrator.get("/platform/plans/99999").status_code == 404
    log = administrator.get("/platform/audit-log").content.decode()
    assert "root@platform.example" in log
    assert "made plan" in log
    assert "changed plan" in log


def test_a_member_sees_no_sign_of_it(member: Client, workspace: Workspace) -> None:
    assert "/platform" not in member.get("/messages").content.decode()
    assert member.get(f"/platform/workspaces/{workspace.pk}").status_code == 404
    assert member.post(f"/platform/workspaces/{workspace.pk}/suspend", {"reason": "x"}).status_code == 404


def test_a_plan_goes_once_nobody_uses_it(administrator: Client, member: Client, workspace: Workspace) -> None:
    standard = next(plan for plan in plans() if plan.name == "Standard")
    path = f"/platform/plans/{standard.pk}/remove"
    assert path in administrator.get(f"/platform/plans/{standard.pk}").content.decode()
    Workspace.objects.filter(pk=workspace.pk).update(plan=standard)
    asked = administrator.get(path).content.decode()
    assert "nobody&#x27;s limit changes" in asked
    assert "1 workspaces are on the plan Standard" in asked
    assert "1 workspaces are on the plan Standard" in administrator.post(path, {"typed": "Standard"}).content.decode()
    Workspace.objects.filter(pk=workspace.pk).update(plan=None)
    assert administrator.post(path, {"typed": "Standart"}).status_code == 200
    assert member.post(path, {"typed": "Standard"}).status_code == 404
    assert Plan.objects.filter(name="Standard").exists()
    assert administrator.post(path, {"typed": "Standard"})["Location"] == "/platform/plans"
    assert not Plan.objects.filter(name="Standard").exists()
    assert "deleted plan" in administrator.get("/platform/audit-log").content.decode()


def test_the_plan_of_new_workspaces_and_the_last_one_stay(administrator: Client, workspace: Workspace) -> None:
    first = next(plan for plan in plans() if plan.is_for_new)
    refused = administrator.post(f"/platform/plans/{first.pk}/remove", {"typed": first.name}).content.decode()
    assert "New workspaces begin with" in refused
    Plan.objects.exclude(pk=first.pk).delete()
    Plan.objects.update(is_for_new=False)
    refused = administrator.post(f"/platform/plans/{first.pk}/remove", {"typed": first.name}).content.decode()
    assert "A platform needs a plan" in refused


def test_what_the_platforms_zone_must_hold_is_shown_with_the_keys_that_domains_point_to(
    administrator: Client, member: Client, workspace: Workspace, settings: Settings
) -> None:
    settings.POSTROOM = replace(
        settings.POSTROOM, mx_name="mx.example", default_server_spf="include:_spf.platform.example"
    )
    begin_platform_rotation(workspace, "company-name.com")
    page = unescape(administrator.get("/platform/dns").content.decode())
    assert "*.example. IN MX 10 mx.example." in page
    assert '*.example. IN TXT "v=spf1 include:_spf.platform.example ~all"' in page
    assert "postroom1.company-name.com.dkim.example. IN TXT" in page
    assert "waits to be seen in DNS" in page
    assert member.get("/platform/dns").status_code == 404
