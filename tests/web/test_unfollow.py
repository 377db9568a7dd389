"""Does the link in a notification let its reader go, and only them?"""

import pytest
from django.test import Client

from postroom.rfc.address import parse_mailbox
from postroom.threads.contacts import contact_of
from postroom.threads.follow import follow
from postroom.threads.models import Follower
from postroom.threads.registry import put_record, register_type
from postroom.threads.tokens import unfollow_token
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
