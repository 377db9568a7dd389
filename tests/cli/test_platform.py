"""Can whoever runs a platform look after its workspaces from the command line?"""

import pytest

from postroom.workspaces.models import Change, Plan, User, Workspace
from tests.cli.conftest import Postroom


@pytest.fixture(autouse=True)
def workspace(postroom: Postroom) -> None:
    postroom("workspace", "add", "company-name", "--company", "My Company")


def test_makes_and_unmakes_administrators(postroom: Postroom) -> None:
    postroom("user", "add", "mary@company-name.com", "--workspace", "company-name")
    assert "is an administrator" in postroom("platform", "administrator", "MARY@company-name.com")
    assert User.objects.get().is_platform_administrator
    assert "no longer" in postroom("platform", "administrator", "mary@company-name.com", "--no-more")
    assert not User.objects.get().is_platform_administrator


def test_shows_use_and_changes_limits(postroom: Postroom) -> None:
    assert "no limit" in postroom("platform", "use")
    said = postroom("platform", "allow", "company-name", "--plan", "Standard", "--feature", "mailings")
    assert said == "company-name: 100 messages a day.\n"
    postroom("platform", "plan", "Standard", "--base", "60", "--more", "mailings=40")
    assert "0 of 100" in postroom("platform", "use", "--name", "company")
    assert "+40 with mailings" in postroom("platform", "plans")
    assert "7 messages" in postroom("platform", "allow", "company-name", "--daily-limit", "7")
    assert "no limit" in postroom("platform", "allow", "company-name", "--plan", "none")
    assert set(Change.objects.values_list("by", flat=True)) == {"command line"}


def test_suspends_and_resumes(postroom: Postroom) -> None:
    postroom("platform", "suspend", "company-name", "--reason", "Unpaid.")
    assert "suspended: Unpaid." in postroom("platform", "use")
    postroom("platform", "resume", "company-name")
    assert Workspace.objects.get().suspended_at is None


def test_features_go_and_another_plan_is_that_of_new_workspaces(postroom: Postroom) -> None:
    postroom("platform", "allow", "company-name", "--plan", "Standard", "--feature", "mailings")
    assert "50 messages" in postroom("platform", "allow", "company-name", "--without", "mailings")
    assert "(for new workspaces)" in postroom("platform", "plan", "Gold", "--base", "500", "--for-new")
    assert "Trial" in postroom("platform", "plans")
    assert Plan.objects.get(is_for_new=True).name == "Gold"


def test_what_concerns_the_whole_platform_is_noted(postroom: Postroom) -> None:
    postroom("user", "add", "mary@company-name.com", "--workspace", "company-name")
    Change.objects.all().delete()
    postroom("platform", "administrator", "mary@company-name.com")
    postroom("platform", "plan", "Trial", "--base", "7")
    notes = Change.objects.filter(workspace=None).order_by("pk").values_list("kind", "name", "before", "after")
    assert list(notes) == [
        ("user", "mary@company-name.com", {"is_platform_administrator": False}, {"is_platform_administrator": True}),
        ("plan", "Trial", {"base": 5}, {"base": 7}),
    ]


def test_writes_what_the_platforms_zone_must_hold(postroom: Postroom) -> None:
    postroom("domain", "dkim-rotate", "company-name.com", "--workspace", "company-name", "--on-platform")
    lines = postroom("platform", "zone").splitlines()
    assert '_dmarc.example. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@example"' in lines
    assert any(line.startswith("postroom1.company-name.com.dkim.example. IN TXT") for line in lines)


def test_removes_a_plan_that_nobody_uses(postroom: Postroom, refused: Postroom) -> None:
    postroom("platform", "allow", "company-name", "--plan", "Standard")
    assert "are on the plan Standard" in refused("platform", "plan-remove", "Standard")
    assert postroom("platform", "plan-remove", "Business") == "Business is removed.\n"
    assert not Plan.objects.filter(name="Business").exists()
