"""Does the link in a notification let its reader go, and only them?"""

import pytest
from django.test import Client

from postroom.rfc.address import parse_mailbox
from postroom.threads.contacts import contact_of
from postroom.threads.follow import follow
from postroom.threads.models import Follower
from postroom.threads.registry import put_record, register_type
from postroom.threads.tokens import unfollow_token
from tests.web.conversations import make_contact, make_record
from tests.web.samples import make_workspace


@pytest.mark.django_db
def test_a_reader_leaves_by_a_button_and_not_by_the_link_alone() -> None:
    workspace = make_workspace()
    record = put_record(register_type(workspace, "crm.lead", label="Lead"), "42", changes={"name": "Roof"})
    for address in ("mary@customer.example.com", "paul@customer.example.com"):
        follow(record, contact_of(workspace, parse_mailbox(address)))
    address = f"/unfollow/{unfollow_token(Follower.objects.earliest('id'))}"
    assert "“Roof”" in Client().get(address).content.decode()
    assert Follower.objects.count() == 2
    assert "not told of it any more" in Client().post(address).content.decode()
    assert [each.contact.address for each in Follower.objects.all() if each.contact] == ["paul@customer.example.com"]
    assert Client().get("/unfollow/00").status_code == 200


@pytest.mark.django_db
def test_who_follows_may_choose_what_they_are_told_of() -> None:
    """The internal ones are not offered to somebody outside, and cannot be had by asking."""
    record = make_record(make_workspace())
    follower = follow(record, make_contact(record.workspace))
    path = f"/unfollow/{unfollow_token(follower)}"
    page = Client().get(path).content.decode()
    assert "Stage changed" in page
    assert "Internal notes" not in page
    kept = Client().post(path, {"act": "keep", "subtypes": ["stage", "note"]}).content.decode()
    assert "Your choice is kept." in kept
    assert [subtype.key for subtype in follower.subtypes.all()] == ["stage"]
