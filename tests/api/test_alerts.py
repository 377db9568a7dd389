"""Does a program see what should be mended in its workspace, and nothing of others?"""

from postroom.workspaces.alerts import clear_alert, raise_alert
from postroom.workspaces.models import Workspace
from tests.api.conftest import Caller


def test_alerts_are_listed_for_their_workspace_alone(workspace: Workspace, caller: Caller, outsider: Caller) -> None:
    raise_alert(workspace, "dns", "company-name.com", what_happened="It has no SPF record.", what_to_do="Publish one.")
    (alert,) = caller.get("/alerts").json()["alerts"]
    assert alert["first_seen_at"] == alert["last_seen_at"]
    assert {name: alert[name] for name in ("kind", "subject", "what_happened", "what_to_do", "count")} == {
        "kind": "dns", "subject": "company-name.com", "what_happened": "It has no SPF record.",
        "what_to_do": "Publish one.", "count": 1,
    }  # fmt: skip
    assert outsider.get("/alerts").json() == {"alerts": []}


def test_resolved_alerts_are_listed_on_demand(workspace: Workspace, caller: Caller) -> None:
    raise_alert(workspace, "dns", "company-name.com", what_happened="It has no SPF record.")
    clear_alert(workspace, "dns", "company-name.com")
    assert caller.get("/alerts").json() == {"alerts": []}
    (alert,) = caller.get("/alerts?resolved=true").json()["alerts"]
    assert alert["resolved_at"] is not None
