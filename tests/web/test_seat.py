"""Does a page know in which workspace a person looks at it, and what they may do there?"""

import pytest
from django.test import Client

from postroom.threads.models import Notification
from postroom.workspaces.models import Membership, User, Workspace
from tests.web.conversations import make_contact, make_record, receive_mail
from tests.web.samples import make_member, make_workspace, store_message


@pytest.fixture
def second(workspace: Workspace) -> Workspace:
    return make_workspace("second-name")


@pytest.fixture
def person(workspace: Workspace, second: Workspace) -> User:
    """A member of the first workspace and of the second."""
    person = make_member(workspace)
    Membership.objects.create(workspace=second, user=person, role=Membership.Role.READER)
    return person


@pytest.fixture
def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_stays_in_the_workspace_that_was_looked_at_last(browser: Client, second: Workspace) -> None:
    message = store_message(second, subject="Of the second")
    assert browser.get(f"/messages/{message.pk}").status_code == 404
    assert "Of the second" in browser.get("/messages?workspace=second-name").content.decode()
    assert browser.get(f"/messages/{message.pk}").status_code == 200


def test_passes_over_a_workspace_of_others_in_the_address(browser: Client, workspace: Workspace) -> None:
    make_workspace("other-name")
    message = store_message(workspace)
    assert message.subject in browser.get("/messages?workspace=other-name").content.decode()


def test_hides_developer_mode_from_who_may_not_see_the_settings(browser: Client, person: User) -> None:
    assert "Developer mode" not in browser.get("/messages").content.decode()
    person.memberships.update(role=Membership.Role.MANAGER)
    assert "Developer mode" in browser.get("/messages").content.decode()


def test_counts_what_needs_a_person_in_the_red_envelope(browser: Client, workspace: Workspace) -> None:
    store_message(workspace, {"a@example.com": "bounced", "b@example.com": "unknown", "c@example.com": "sent"})
    page = browser.get("/messages").content.decode()
    assert "2 deliveries need a person" in page
    assert 'href="/messages?status=bounced"' in page


def test_counts_mail_that_could_not_be_made_too(browser: Client, workspace: Workspace) -> None:
    row = receive_mail(make_record(workspace))
    Notification.objects.create(post=row, contact=make_contact(workspace), way="email", refusal="No From.")
    page = browser.get("/").content.decode()
    assert "1 delivery needs a person" in page
    assert page.count('href="/records?show=failed"') == 2, "the envelope and Home lead there"
