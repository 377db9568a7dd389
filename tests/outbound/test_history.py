"""Are attempts counted once each by the quarter of an hour, and shown whether they are counted yet or not?"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import TruncDay
from django.utils import timezone

from postroom.outbound import history, retention
from postroom.outbound.models import Attempt, CountedTo, Message, Quarter
from postroom.workspaces.models import Workspace
from tests.web.samples import make_workspace, store_message

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 3, 29, 12, 7, tzinfo=UTC)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def message(workspace: Workspace) -> Message:
    return store_message(workspace)


def attempt(message: Message, outcome: str, *, at: datetime, server: str = "Brevo") -> None:
    Attempt.objects.create(delivery=message.deliveries.get(), outcome=outcome, at=at, server_name=server)


def counts(workspace: Workspace, kind: str = "outcome", only: str = "") -> dict[str, int]:
    found: Counter[str] = Counter()
    since = LONG_AGO - timedelta(days=1)
    for name, _day, count in history.tried(workspace, kind, since=since, by=TruncDay("at"), only=only):
        found[name] += count
    return dict(found)


def test_numbers_are_the_same_before_and_after_counting(workspace: Workspace, message: Message) -> None:
    for minutes, outcome in ((0, "deferred"), (5, "deferred"), (9, "sent")):
        attempt(message, outcome, at=LONG_AGO + timedelta(minutes=minutes))
    attempt(store_message(make_workspace("another-name")), "sent", at=LONG_AGO)
    before = counts(workspace)
    for _ in range(2):
        history.count_attempts()
        assert counts(workspace) == before == {"deferred": 2, "sent": 1}
    rows = Quarter.objects.filter(workspace=workspace).values_list("at__minute", "stream", "outcome", "attempts")
    assert sorted(rows) == [(0, "transactional", "deferred", 2), (15, "transactional", "sent", 1)]


def test_what_comes_later_is_added_and_the_youngest_waits(
    workspace: Workspace, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "AT_ONCE", 2)
    for server in ("Brevo", "Brevo", "Mailjet"):
        attempt(message, "sent", at=LONG_AGO, server=server)
    history.count_attempts()
    attempt(message, "sent", at=LONG_AGO)
    attempt(message, "bounced", at=timezone.now())
    history.count_attempts()
    assert counts(workspace, "server_name", "sent") == {"Brevo": 3, "Mailjet": 1}
    assert counts(workspace)["bounced"] == 1
    assert not Quarter.objects.filter(outcome="bounced").exists()
    assert CountedTo.objects.get().attempt == Attempt.objects.latest("pk").pk - 1


def test_what_no_page_asks_for_is_forgotten(workspace: Workspace, message: Message) -> None:
    attempt(message, "sent", at=timezone.now() - timedelta(days=101))
    history.count_attempts()
    retention.prune()
    assert not Quarter.objects.exists()
