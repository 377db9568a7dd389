"""How does a program see what became of a campaign?"""

from typing import Annotated, Any

from ninja import Router
from pydantic import BaseModel, Field

from postroom.api.auth import KeyRequest
from postroom.api.refusals import REFUSED, NotFoundError
from postroom.outbound.campaigns import count_campaign
from postroom.policy.status import Status

router = Router(tags=["messages"])


class CampaignOut(BaseModel):
    """What became of the deliveries of a campaign so far."""

    campaign: str
    deliveries: Annotated[int, Field(description="All of them")]
    statuses: Annotated[dict[Status, int], Field(description="How many are in each state; absent: none")]


@router.get("/{path:campaign}", response={200: CampaignOut, **REFUSED}, summary="See what became of a campaign")
def get_campaign(request: KeyRequest, campaign: str) -> dict[str, Any]:
    """By the name that its messages were handed in with; failures are counted here, and reported to nobody by mail."""
    counts = count_campaign(request.auth.workspace, campaign)
    if not counts:
        raise NotFoundError("This workspace keeps no mail of such a campaign.")
    return {"campaign": campaign, "deliveries": sum(counts.values()), "statuses": counts}
