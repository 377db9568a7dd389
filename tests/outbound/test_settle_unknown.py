"""What becomes of mail that may have arrived?"""

from datetime import timedelta

import pytest
from django.utils import timezone

from postroom.outbound import queue
from postroom.outbound.models import Attempt, Delivery
from postroom.policy.status import Status
from postroom.workspaces.models import Workspace
from tests.outbound.office import Courier, Office, delivery


@pytest.mark.parametrize(
    ("stream", "wishes", "attempts", "after"),
    [
        ("transactional", {}, 1, "queued"),
        ("mass", {}, 1, "held"),
        ("transactional", {"resends_unknown": False}, 1, "held"),
        ("mass", {"resends_unknown_mass": True}, 2, "queued"),
        ("transactional", {}, 3, "held"),
    ],
)
def test_it_is_sent_again_or_held_as_the_workspace_wants_for_the_stream(
    busy_office: Office, courier: Courier, stream: str, wishes: dict[str, bool], attempts: int, after: str
) -> None:
    Workspace.objects.update(**wishes) if wishes else None
    busy_office.send(stream=stream)
    leave_in_doubt(times=attempts)
    courier.ask(queue.settle_unknown)
    assert delivery().status == after


def test_what_was_put_off_before_is_sent_again_all_the_same(busy_office: Office, courier: Courier) -> None:
    busy_office.send()
    for _ in range(5):
        Attempt.objects.create(delivery=delivery(), outcome=Status.DEFERRED)
    leave_in_doubt(times=1)
    courier.ask(queue.settle_unknown)
    assert delivery().status == "queued"
    assert delivery().due_at - timezone.now() < timedelta(seconds=queue.RESEND_SECONDS)


def leave_in_doubt(*, times: int) -> None:
    for _ in range(times):
        Attempt.objects.create(delivery=delivery(), outcome=Status.UNKNOWN)
    Delivery.objects.update(status=Status.UNKNOWN, attempts=delivery().tries.count())


def test_the_message_id_stays_the_same(busy_office: Office, courier: Courier) -> None:
    busy_office.send()
    before = delivery().message.message_id
    leave_in_doubt(times=1)
    courier.ask(queue.settle_unknown)
    assert delivery().message.message_id == before
