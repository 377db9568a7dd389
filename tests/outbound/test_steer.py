"""What do retry, hold, release and cancel change, and what do they leave alone?"""

import pytest

from postroom.outbound.models import Delivery
from postroom.outbound.steer import Action, Choice, steer
from postroom.policy.status import Status
from postroom.workspaces.create import create_workspace
from tests.outbound.office import Office, statuses


def in_every_state(office: Office) -> None:
    """One delivery in each state, to a recipient named after it."""
    office.add_server()
    office.send(*(f"{status}@customer.example.com" for status in Status))
    for status in Status:
        Delivery.objects.filter(recipient=f"{status}@customer.example.com").update(status=status)


@pytest.mark.parametrize(
    ("action", "after", "changed"),
    [
        (Action.RETRY, Status.QUEUED, {"deferred", "bounced", "expired", "unknown"}),
        (Action.HOLD, Status.HELD, {"queued", "deferred", "unknown"}),
        (Action.RELEASE, Status.QUEUED, {"held"}),
        (Action.CANCEL, Status.CANCELED, {"queued", "deferred", "held", "unknown"}),
        (Action.RESTORE, Status.QUEUED, {"canceled"}),
    ],
)
def test_an_action_changes_only_states_it_is_for(
    office: Office, action: Action, after: Status, changed: set[str]
) -> None:
    in_every_state(office)
    assert steer(office.workspace, action, Choice()) == len(changed)
    expected = {
        f"{status}@customer.example.com": after.value if status in changed else status.value for status in Status
    }
    assert statuses() == expected


def test_what_is_active_is_never_touched(office: Office) -> None:
    in_every_state(office)
    for action in Action:
        assert steer(office.workspace, action, Choice(statuses=frozenset({Status.ACTIVE}))) == 0


def test_a_choice_narrows_by_server_stream_recipient_tag_and_message(office: Office) -> None:
    office.add_server(name="Brevo")
    first = office.send("joe@customer.example.com", tags=("invoice",))
    office.send("ann@other.example.com", stream="mass")
    counts = {
        "all": Choice(),
        "message": Choice(messages=[first]),
        "tag": Choice(tag="invoice"),
        "stream": Choice(stream="mass"),
        "address": Choice(recipient="JOE@customer.example.com"),
        "domain": Choice(recipient="@other.example.com"),
        "server": Choice(server="Brevo"),
        "default server": Choice(server=""),
    }
    found = {}
    for name, choice in counts.items():
        found[name] = steer(office.workspace, Action.HOLD, choice)
        steer(office.workspace, Action.RELEASE, Choice())
    assert found == {
        "all": 2, "message": 1, "tag": 1, "stream": 1, "address": 1, "domain": 1, "server": 2, "default server": 0,
    }  # fmt: skip


def test_another_workspaces_mail_stays(office: Office) -> None:
    office.send()
    outsider = create_workspace("outsider", company="Outsider")
    assert steer(outsider, Action.CANCEL, Choice()) == 0


def test_a_retried_delivery_that_expired_has_its_whole_lifetime_again(office: Office) -> None:
    office.send()
    before = Delivery.objects.get()
    lifetime = before.expires_at - before.submitted_at
    Delivery.objects.update(
        status=Status.EXPIRED, submitted_at=before.submitted_at - lifetime, expires_at=before.submitted_at
    )
    steer(office.workspace, Action.RETRY, Choice())
    after = Delivery.objects.get()
    assert after.expires_at - after.submitted_at == lifetime
    assert after.submitted_at >= before.submitted_at
