"""Do people come and go as the roles allow, and does a workspace never lose its last owner?"""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from postroom.outbound.models import Message
from postroom.policy.permission import Role
from postroom.workspaces.models import Change, Invitation, Membership, User, Workspace
from tests.web.samples import PASSWORD, make_member

NEW = "nina@company-name.com"


def membership_of(email: str) -> Membership:
    return Membership.objects.get(user__email=email)


def as_(workspace: Workspace, role: Role) -> Client:
    client = Client()
    client.force_login(make_member(workspace, f"{role}@company-name.com", role=role))
    return client


def invite(browser: Client, *, email: str = NEW, role: str = "member") -> str:
    """The path of the link in the mail."""
    assert browser.post("/settings/users", {"email": email, "role": role}).status_code == 302
    text = bytes(Message.objects.latest("created_at").content.body).decode()
    found = re.search(r"/invitations/\S+", text.replace("=\r\n", ""))
    assert found, text
    return found[0]


def test_a_stranger_joins_by_the_link_in_the_mail(owner: Client, workspace: Workspace) -> None:
    link = invite(owner, role="manager")
    assert Message.objects.get().deliveries.get().recipient == NEW
    browser = Client()
    assert "Choose how you sign in" in browser.get(link).content.decode()
    answer = browser.post(link, {"name": "Nina", "new_password1": PASSWORD, "new_password2": PASSWORD})
    assert answer["Location"] == "/"
    assert membership_of(NEW).role == "manager"
    assert browser.get("/messages").status_code == 200
    assert Client().get(link).status_code == 404


def test_the_mail_of_an_invitation_says_that_a_program_sent_it(owner: Client) -> None:
    invite(owner)
    assert b"Auto-Submitted: auto-generated" in bytes(Message.objects.get().content.head)


def test_a_known_person_signs_in_to_accept(owner: Client) -> None:
    known = make_member(None, NEW)
    link = invite(owner)
    stranger = Client()
    assert f"/login?next={link}" in stranger.get(link).content.decode()
    stranger.post(link, {"name": "x", "new_password1": PASSWORD, "new_password2": PASSWORD})
    assert not Membership.objects.filter(user=known).exists()
    stranger.force_login(known)
    stranger.post(link)
    assert membership_of(NEW).role == "member"


def test_somebody_else_cannot_use_the_link_of_a_known_person(owner: Client, outsider: Client) -> None:
    make_member(None, NEW)
    outsider.post(invite(owner))
    assert not Membership.objects.filter(user__email="mallory@other-name.com", workspace__slug="company-name").exists()


@pytest.mark.parametrize("end", ["taken back", "too old", "replaced"])
def test_an_invitation_ends(owner: Client, end: str) -> None:
    link = invite(owner)
    if end == "taken back":
        owner.post(f"/settings/invitations/{Invitation.objects.get().pk}/take-back")
    elif end == "too old":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        invite(owner)
    answer = Client().get(link)
    assert answer.status_code == 404
    assert "This invitation is over" in answer.content.decode()


def test_a_weak_password_is_refused_with_a_reason(owner: Client) -> None:
    answer = Client().post(invite(owner), {"name": "N", "new_password1": "short", "new_password2": "short"})
    assert "too short" in answer.content.decode()
    assert not User.objects.filter(email=NEW).exists()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.MEMBER, Role.READER])
def test_only_owners_and_administrators_invite(workspace: Workspace, role: Role) -> None:
    browser = as_(workspace, role)
    browser.post("/settings/users", {"email": NEW, "role": "reader"})
    assert not Invitation.objects.exists()


def test_an_administrator_makes_no_owner(workspace: Workspace, owner: Client) -> None:
    browser = as_(workspace, Role.ADMINISTRATOR)
    browser.post("/settings/users", {"email": NEW, "role": "owner"})
    assert not Invitation.objects.exists()
    boss = membership_of("olga@company-name.com")
    browser.post(f"/settings/users/{boss.pk}", {"role": "reader"})
    assert browser.post(f"/settings/users/{boss.pk}/remove", {"typed": boss.user.email}).status_code == 403
    boss.refresh_from_db()
    assert boss.role == "owner"


def test_a_workspace_keeps_its_last_owner(owner: Client) -> None:
    boss = membership_of("olga@company-name.com")
    page = owner.post(f"/settings/users/{boss.pk}", {"role": "member"}, follow=True).content.decode()
    assert "keeps at least one owner" in page
    owner.post(f"/settings/users/{boss.pk}/remove", {"typed": boss.user.email})
    boss.refresh_from_db()
    assert boss.role == "owner"


def test_a_role_changes_with_a_line_in_the_audit_log(owner: Client, member: Client) -> None:
    mary = membership_of("mary@company-name.com")
    owner.post(f"/settings/users/{mary.pk}", {"role": "manager"})
    change = Change.objects.get()
    assert (change.before, change.after) == ({"role": "member"}, {"role": "manager"})
    assert "manager" in owner.get("/settings/audit-log").content.decode()
    assert member.get("/settings/audit-log").status_code == 403


def test_a_person_is_removed_only_by_who_types_the_address(owner: Client, member: Client) -> None:
    mary = membership_of("mary@company-name.com")
    page = owner.post(f"/settings/users/{mary.pk}/remove", {"typed": "Mary"}).content.decode()
    assert "Type exactly “mary@company-name.com”" in page
    assert member.get("/messages").status_code == 200
    owner.post(f"/settings/users/{mary.pk}/remove", {"typed": "mary@company-name.com"})
    assert "You belong to no workspace yet" in member.get("/messages").content.decode()


def test_anybody_may_leave(member: Client) -> None:
    mary = membership_of("mary@company-name.com")
    member.post(f"/settings/users/{mary.pk}/remove", {"typed": "mary@company-name.com"})
    assert not Membership.objects.filter(pk=mary.pk).exists()


@pytest.mark.parametrize("path", ["/settings/users/{}", "/settings/users/{}/remove"])
def test_people_of_another_workspace_do_not_exist(workspace: Workspace, outsider: Client, path: str) -> None:
    mary = make_member(workspace)
    Membership.objects.filter(user__email="mallory@other-name.com").update(role="owner")
    address = path.format(membership_of(mary.email).pk)
    assert outsider.post(address, {"role": "reader", "typed": mary.email}).status_code == 404
    assert membership_of(mary.email).role == "member"
