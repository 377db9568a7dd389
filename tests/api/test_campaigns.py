"""Does a program learn in one answer what became of a campaign?"""

from postroom.outbound.models import Delivery
from tests.api.conftest import Caller, refusal


def hand_in(caller: Caller, campaign: str, *to: str) -> None:
    assert caller.send(to=list(to), stream="mass", campaign=campaign).status_code == 202


def test_counts_what_became_of_a_campaign_by_state(caller: Caller) -> None:
    hand_in(caller, "Autumn/2026 sale", "a@x.example", "b@x.example")
    hand_in(caller, "Autumn/2026 sale", "c@x.example")
    hand_in(caller, "Winter", "d@x.example")
    Delivery.objects.filter(recipient="a@x.example").update(status="sent")
    Delivery.objects.filter(recipient="b@x.example").update(status="bounced")
    assert caller.get("/campaigns/Autumn%2F2026%20sale").json() == {
        "campaign": "Autumn/2026 sale",
        "deliveries": 3,
        "statuses": {"sent": 1, "bounced": 1, "queued": 1},
    }


def test_transactional_mail_and_other_workspaces_have_no_part_in_it(caller: Caller, outsider: Caller) -> None:
    hand_in(caller, "Winter", "a@x.example")
    assert refusal(outsider.get("/campaigns/Winter"))[:2] == (404, "not_found")
    caller.send()
    assert caller.get("/campaigns/Winter").json()["deliveries"] == 1
    assert refusal(caller.get("/campaigns/Summer"))[:2] == (404, "not_found")
