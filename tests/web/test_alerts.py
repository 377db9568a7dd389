"""Are alerts told, seen to, and told no more once they are?"""

from dataclasses import replace
from html import unescape

import pytest
from django.test import Client
from django.utils.html import strip_tags
from pytest_django.fixtures import Settings

from postroom.outbound.platform import suspend
from postroom.policy.permission import Role
from postroom.workspaces.alerts import clear_alert, raise_alert
from postroom.workspaces.models import Alert, User, Workspace
from tests.web.samples import make_member


@pytest.fixture
def alert(workspace: Workspace) -> Alert:
    raise_alert(workspace, "dns", "company-name.com", what_happened="DNS broke.", what_to_do="Mend it.")
    return Alert.objects.get()


def test_an_open_alert_leads_to_where_it_is_mended(owner: Client, alert: Alert) -> None:
    text = owner.get("/alerts").content.decode()
    assert "Mend it." in text
    assert 'href="/settings/alias-domains"' in text
    assert "No alert is over" in owner.get("/alerts?state=over").content.decode()


def test_an_alert_is_told_in_the_persons_language(owner: Client, workspace: Workspace) -> None:
    User.objects.update(language="fr")
    suspend(workspace, reason="Trop de plaintes.", by="tests")
    for page in ("/", "/alerts"):
        text = unescape(strip_tags(owner.get(page).content.decode()))
        assert "Les administrateurs de la plateforme ont suspendu cet espace de travail : Trop de plaintes." in text
        assert "Écrivez-leur." in text


def test_what_is_seen_to_leaves_home_and_stays_open(owner: Client, alert: Alert, workspace: Workspace) -> None:
    assert "DNS broke." in owner.get("/").content.decode()
    owner.post(f"/alerts/{alert.pk}/acknowledge")
    assert "DNS broke." not in owner.get("/").content.decode()
    assert "olga@company-name.com sees to it" in owner.get("/alerts").content.decode()
    clear_alert(workspace, "dns", "company-name.com")
    assert "DNS broke." in owner.get("/alerts?state=over").content.decode()
    assert owner.post(f"/alerts/{alert.pk}/acknowledge").status_code == 404


def test_the_same_cause_later_is_told_anew(owner: Client, alert: Alert, workspace: Workspace) -> None:
    owner.post(f"/alerts/{alert.pk}/acknowledge")
    clear_alert(workspace, "dns", "company-name.com")
    raise_alert(workspace, "dns", "company-name.com", what_happened="DNS broke again.")
    assert "DNS broke again." in owner.get("/").content.decode()


def test_an_alert_of_others_is_not_theirs_to_see_or_hide(outsider: Client, alert: Alert) -> None:
    assert "DNS broke." not in outsider.get("/alerts").content.decode()
    assert outsider.post(f"/alerts/{alert.pk}/acknowledge").status_code == 403


def test_members_look_only(member: Client, alert: Alert) -> None:
    assert "I see to it" not in member.get("/alerts").content.decode()
    assert member.post(f"/alerts/{alert.pk}/acknowledge").status_code == 403


@pytest.mark.parametrize("is_hosted", [True, False])
def test_one_workspace_of_a_platform_hides_nothing_from_the_others(
    settings: Settings, workspace: Workspace, is_hosted: bool
) -> None:
    settings.POSTROOM = replace(settings.POSTROOM, hosted=is_hosted)
    raise_alert(None, "server_fault", "default", what_happened="The default server is down.")
    browser = Client()
    browser.force_login(make_member(workspace, "olga@company-name.com", role=Role.OWNER))
    status = browser.post(f"/alerts/{Alert.objects.get().pk}/acknowledge").status_code
    assert status == (403 if is_hosted else 302)
