"""Can whoever runs a platform look after its workspaces from the command line?"""

import pytest

from postroom.workspaces.models import Change, User, Workspace
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
