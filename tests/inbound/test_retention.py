"""Is mail that came in kept as long as its workspace wants, and what waits for a person until one decides?"""

from datetime import timedelta

import pytest
from django.utils import timezone

from postroom.inbound.models import IncomingContent, IncomingMessage, State
from postroom.inbound.retention import prune
from postroom.workspaces.create import create_workspace
from tests.inbound.mail import letter, take
from tests.outbound.office import Office

pytestmark = pytest.mark.django_db
BOUNCE = "bounce@company-name.com"


def arrived(days_ago: int, state: State, *, subject: str = "Hello") -> IncomingMessage:
    row = take(letter(subject=subject), BOUNCE)
    IncomingMessage.objects.filter(pk=row.pk).update(state=state)
    IncomingContent.objects.filter(pk=row.content_id).update(received_at=timezone.now() - timedelta(days=days_ago))
    return row


def test_the_content_goes_first_and_all_the_rest_later(office: Office) -> None:
    rows = [arrived(days, State.HANDLED, subject=str(days)) for days in (29, 31, 181)]
    assert prune() == {"contents": 1, "messages": 1}
    assert prune() == {"contents": 0, "messages": 0}
    left = IncomingContent.objects.order_by("-received_at")
    assert [(bytes(content.raw) != b"", content.subject) for content in left] == [(True, "29"), (False, "31")]
    assert not IncomingMessage.objects.filter(pk=rows[2].pk).exists()


@pytest.mark.parametrize("state", [State.UNROUTED, State.RECEIVED])
def test_what_waits_is_kept_whole_however_old(office: Office, state: State) -> None:
    row = arrived(1_000, state)
    prune()
    row.refresh_from_db()
    assert bytes(row.content.raw) == letter()


def test_what_two_workspaces_have_is_kept_by_the_one_that_keeps_it_longer(office: Office) -> None:
    row = arrived(31, State.HANDLED)
    other = create_workspace("other", company="Other")
    IncomingMessage.objects.create(
        content=row.content, workspace=other, state=State.HANDLED, fingerprint=row.fingerprint
    )
    assert prune()["contents"] == 0
