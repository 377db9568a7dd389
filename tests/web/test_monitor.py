"""Does the monitor count what left, by hour and day, and say what waits?"""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from postroom.outbound.models import Attempt, Message, Share, Usage
from postroom.workspaces.models import Workspace
from tests.web.samples import store_message


def tried(message: Message, outcome: str = "sent", server: str = "Brevo", *, hours_ago: float = 0) -> None:
    delivery = message.deliveries.get()
    at = timezone.now() - timedelta(hours=hours_ago)
    Attempt.objects.create(delivery=delivery, at=at, server_name=server, outcome=outcome)


def table(browser: Client, **query: str) -> list[list[str]]:
    text = browser.get("/monitor/table", query).content.decode()
    return [line.split(",") for line in text.strip().splitlines()]


def test_counts_by_hour_and_result(owner: Client, workspace: Workspace) -> None:
    message = store_message(workspace)
    tried(message, "deferred", hours_ago=1)
    tried(message)
    tried(message, hours_ago=49)
    head, *rows = table(owner)
    assert head == ["from", "deferred", "sent"]
    assert (len(rows), rows[-2][1:], rows[-1][1:]) == (48, ["1", "0"], ["0", "1"])
    assert sum(int(row[2]) for row in rows) == 1


@pytest.mark.parametrize(("by", "heads"), [("server", ["Brevo", "Mailjet"]), ("stream", ["transactional"])])
def test_counts_what_was_sent_by_server_and_stream(
    owner: Client, workspace: Workspace, by: str, heads: list[str]
) -> None:
    message = store_message(workspace)
    tried(message, server="Mailjet")
    tried(message, hours_ago=30)
    tried(message, "bounced")
    head, *rows = table(owner, period="days", by=by)
    assert head[1:] == heads
    assert (len(rows), sum(int(cell) for row in rows for cell in row[1:])) == (30, 2)


def test_a_servers_name_is_no_formula(owner: Client, workspace: Workspace) -> None:
    tried(store_message(workspace), server="=1+1")
    assert table(owner, by="server")[0] == ["from", "'=1+1"]


def test_says_what_waits_since_when_and_how_much_of_a_limit_is_used(owner: Client, workspace: Workspace) -> None:
    workspace.default_server_daily_limit = 200
    workspace.save()
    delivery = store_message(workspace, {"customer@example.com": "queued"}).deliveries.get()
    outlet, now = delivery.lane.outlet, timezone.now()
    Usage.objects.create(outlet=outlet, workspace=workspace, at=now, messages=7)
    Share.objects.create(outlet=outlet, worker=delivery.message_id, connections=3, until=now + timedelta(minutes=1))
    text = owner.get("/monitor/numbers").content.decode()
    for words in ("default server", "7 of 200 in 1 d", ">3<", "just now"):
        assert words in text


def test_passes_over_nonsense_and_shows_nothing_of_others(outsider: Client, workspace: Workspace) -> None:
    tried(store_message(workspace), server="Brevo of company-name")
    for path in ("/monitor", "/monitor/numbers", "/monitor/table"):
        answer = outsider.get(path, {"period": "years", "by": "server", "workspace": "company-name"})
        assert answer.status_code == 200
        assert "Brevo of company-name" not in answer.content.decode()
