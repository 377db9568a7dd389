"""Is there one open alert a cause, seen by those it concerns?"""

import pytest

from postroom.workspaces.access import alerts_of
from postroom.workspaces.alerts import clear_alert, open_alerts, raise_alert
from postroom.workspaces.create import create_workspace
from postroom.workspaces.models import Alert, Workspace
from tests.cli.conftest import run


@pytest.fixture
def workspace(db: None) -> Workspace:
    return create_workspace("company-name", company="My Company")


def raise_dns(
    workspace: Workspace | None, subject: str = "company-name.com", what: str = "It has no SPF record."
) -> None:
    raise_alert(workspace, "dns", subject, what_happened=what, what_to_do="Publish one.")


def test_a_cause_seen_again_is_counted_with_its_newest_words(workspace: Workspace) -> None:
    raise_dns(workspace)
    raise_dns(workspace, what="It has two SPF records.")
    alert = Alert.objects.get()
    assert (alert.count, alert.what_happened) == (2, "It has two SPF records.")


def test_an_installations_cause_is_one_as_well(workspace: Workspace) -> None:
    raise_dns(None)
    raise_dns(None)
    assert Alert.objects.get().count == 2


def test_another_subject_kind_or_workspace_is_another_cause(workspace: Workspace) -> None:
    raise_dns(workspace)
    raise_dns(workspace, "other.example")
    raise_alert(workspace, "oauth", "company-name.com", what_happened="The token ends.")
    raise_dns(None)
    assert open_alerts().count() == 4


def test_a_cleared_cause_that_comes_back_is_a_new_alert(workspace: Workspace) -> None:
    raise_dns(workspace)
    assert clear_alert(workspace, "dns", "company-name.com")
    assert not clear_alert(workspace, "dns", "company-name.com")
    raise_dns(workspace)
    assert [(alert.count, alert.resolved_at is None) for alert in Alert.objects.order_by("id")] == [
        (1, False),
        (1, True),
    ]


def test_a_workspace_sees_its_own_and_the_installations(workspace: Workspace) -> None:
    outsider = create_workspace("outsider", company="Outsider")
    raise_dns(workspace)
    raise_dns(None, "platform.example")
    assert {alert.subject for alert in alerts_of(workspace)} == {"company-name.com", "platform.example"}
    assert {alert.subject for alert in alerts_of(outsider)} == {"platform.example"}


def test_the_command_lists_open_alerts_and_on_demand_resolved_ones(workspace: Workspace) -> None:
    raise_dns(workspace, "old.example", "It had no SPF record.")
    clear_alert(workspace, "dns", "old.example")
    raise_dns(workspace)
    text = run("alerts").output
    assert text.startswith("company-name dns: It has no SPF record.\n  Publish one. (seen 1 × since ")
    assert "It had" not in text
    assert "It had no SPF record." in run("alerts", "--workspace", "company-name", "--resolved").output
