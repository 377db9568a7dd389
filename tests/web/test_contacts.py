"""Do people see who is outside, and whether mail reaches them?"""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from postroom.outbound.suppressions import note_fault
from postroom.policy.suppression import Fault
from postroom.workspaces.models import Workspace
from tests.web.conversations import make_contact, make_record, receive_mail

JOE = "joe@customer.example.com"


def shown(client: Client, path: str = "/contacts") -> str:
    response = client.get(path)
    assert response.status_code == 200, response
    return response.content.decode()


def test_who_wrote_is_a_contact_and_found_by_name_and_address(member: Client, workspace: Workspace) -> None:
    assert "No contact yet" in shown(member)
    receive_mail(make_record(workspace))
    assert "mary@customer.example.com" in shown(member)
    assert "mary@customer.example.com" in shown(member, "/contacts?text=MARY")
    assert "No contact matches" in shown(member, "/contacts?text=joe")


def test_refusals_weigh_less_with_time_until_they_are_forgotten(member: Client, workspace: Workspace) -> None:
    make_contact(workspace, JOE)
    assert "in order" in shown(member)
    now = timezone.now()
    note_fault(workspace, JOE, Fault.HARD, at=now - timedelta(days=30), reason="No such mailbox.")
    assert "Refusals weigh 1.0 now" in shown(member)
    note_fault(workspace, JOE, Fault.HARD, at=now - timedelta(hours=1), reason="No such mailbox.")
    assert "Refusals weigh 3.0 now" in shown(member)


def test_a_suppressed_contact_says_why_and_is_released(owner: Client, workspace: Workspace) -> None:
    make_contact(workspace, JOE)
    for days in (6, 4, 2):
        at = timezone.now() - timedelta(days=days)
        note_fault(workspace, JOE, Fault.HARD, at=at, reason="There is no such mailbox.")
    assert "There is no such mailbox." in shown(owner)
    owner.post("/suppressed/address", {"address": JOE, "act": "release"})
    page = shown(owner)
    assert ("There is no such mailbox." in page, "Refusals weigh" in page) == (False, False)


def test_contacts_of_others_are_not_there(outsider: Client, workspace: Workspace) -> None:
    make_contact(workspace, JOE)
    assert JOE not in shown(outsider)


def test_pages_hold_each_contact_once(member: Client, workspace: Workspace) -> None:
    for number in range(60):
        make_contact(workspace, f"c{number}@customer.example.com")
    first = shown(member)
    assert ("c59@" in first, "c5@" in first) == (True, False)
    oldest_shown = workspace.contacts.order_by("-pk")[49].pk
    second = shown(member, f"/contacts?before={oldest_shown}")
    assert ("c59@" in second, "c5@" in second) == (False, True)
