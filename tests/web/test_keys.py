"""Are API keys made, shown once and revoked?"""

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from postroom.policy.permission import Role
from postroom.workspaces.keys import create_key, find_key
from postroom.workspaces.models import ApiKey, Change, Workspace
from tests.web.samples import make_member

PAGE = "/settings/keys"


def test_a_new_key_is_shown_once(owner: Client, workspace: Workspace) -> None:
    answer = owner.post(PAGE, {"name": "Invoices"})
    found = re.search(r"pr_[\w-]{43}", answer.content.decode())
    assert found
    key = find_key(found[0])
    assert key is not None
    assert key.workspace_id == workspace.pk
    assert answer["Cache-Control"] == "no-store"
    assert found[0] not in owner.get(PAGE).content.decode()
    note = Change.objects.get(kind="api key")
    assert note.after is not None
    assert (note.name[:8], note.after["digest"]) == ("Invoices", "•••")


def test_a_revoked_key_opens_nothing(owner: Client, workspace: Workspace) -> None:
    text = create_key(workspace, name="Invoices")
    path = f"{PAGE}/{ApiKey.objects.get().pk}/revoke"
    owner.post(path, {"typed": "wrong"})
    assert find_key(text) is not None
    owner.post(path, {"typed": "Invoices"})
    assert find_key(text) is None
    assert "Revoked keys" in owner.get(PAGE).content.decode()
    assert owner.get(path).status_code == 404


def test_the_page_says_when_a_key_was_used_last(owner: Client, workspace: Workspace) -> None:
    text = create_key(workspace, name="Invoices")
    assert "never" in owner.get(PAGE).content.decode()
    find_key(text)
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    assert timezone.now() - first < timedelta(minutes=1)
    find_key(text)
    assert ApiKey.objects.get().last_used_at == first
    assert "never" not in owner.get(PAGE).content.decode()


def test_the_key_of_others_is_not_found(outsider: Client, workspace: Workspace) -> None:
    create_key(workspace, name="Invoices")
    assert outsider.get(f"{PAGE}/{ApiKey.objects.get().pk}/revoke").status_code == 403


def test_a_manager_handles_no_keys(workspace: Workspace) -> None:
    browser = Client()
    browser.force_login(make_member(workspace, "max@company-name.com", role=Role.MANAGER))
    assert browser.get(PAGE).status_code == 403
